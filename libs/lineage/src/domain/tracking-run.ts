import { parseStrictJson, type Json } from '@countersign/chain';
import { datasetOfLocation } from './dataset-name.js';
import { listAt, textAt } from './json-reading.js';
import { datasetUrn } from './node-ref.js';
import { bounded } from './urn.js';
import type { EdgeRole } from './vocabulary.js';

/** One dataset that a tracking server lists as an input of a run. */
export interface TrackedInput {
  readonly role: Exclude<EdgeRole, 'continues'> | null;
  /** Lower-case table names to look for, the most qualified first. */
  readonly tables: readonly string[];
  /** The dataset that its path or URI means, when it has one. */
  readonly dataset: string | null;
  /** A version that the source JSON states. Shared by all runs that logged the same rows: weak. */
  readonly version: string | null;
  /** What to call it when no lineage event knows it. */
  readonly label: string;
  /** False: the label is a default that unrelated runs use too. */
  readonly shared: boolean;
}

/** A run as a tracking server showed it. Times in microseconds. */
export interface TrackingRun {
  readonly source: string;
  readonly runId: string;
  readonly startsAt: number;
  /** When it ended, or when we looked, if it was still running. */
  readonly endsAt: number;
  readonly applicationId: string | null;
  /** Run tag `iceberg_snapshot_id`: the snapshot trained on, without a table name. */
  readonly snapshotTag: string | null;
  readonly inputs: readonly TrackedInput[];
  readonly modelOutputs: readonly string[];
}

const TRAINING = new Set(['training', 'train', 'fit', 'finetuning', 'fine-tuning']);
const EVALUATION = new Set([
  ...['evaluation', 'eval', 'validation', 'valid', 'val'],
  ...['testing', 'test', 'holdout', 'hold-out', 'calibration'],
]);

/** The role that `mlflow.data.context` means: free text, so only known words count. */
export function roleOfContext(context: string | null): TrackedInput['role'] {
  const word = context?.trim().toLowerCase() ?? '';
  if (TRAINING.has(word)) return 'training';
  return EVALUATION.has(word) ? 'evaluation' : null;
}

/** Reads the `data` of a run.observed entry. Null when it names no run. `seenAt` in microseconds. */
export function readTrackingRun(source: string, data: Json, seenAt: number): TrackingRun | null {
  const runId = textAt(data, 'runId');
  if (runId === null) return null;
  const tag = (key: string): string | null => {
    const found = listAt(data, 'tags').find((item) => textAt(item, 'key') === key);
    return found === undefined ? null : textAt(found, 'value');
  };
  const startedAt = millis(textAt(data, 'startedAtMs'));
  return {
    source,
    runId: bounded(runId, 150),
    startsAt: startedAt ?? seenAt,
    endsAt: millis(textAt(data, 'endedAtMs')) ?? seenAt,
    applicationId: boundedOrNull(tag('spark.applicationId')),
    snapshotTag: boundedOrNull(tag('iceberg_snapshot_id')),
    inputs: listAt(data, 'datasetInputs').map(readInput),
    modelOutputs: listAt(data, 'modelOutputs').flatMap((item) =>
      typeof item === 'string' ? [bounded(item, 150)] : [],
    ),
  };
}

function readInput(item: Json): TrackedInput {
  const name = textAt(item, 'name') ?? 'dataset';
  const parsed = parseStrictJson(Buffer.from(textAt(item, 'source') ?? '{}', 'utf8'));
  const source = parsed.ok ? parsed.value : {};
  const table = textAt(source, 'table_name') ?? textAt(source, 'delta_table_name');
  const location = textAt(source, 'path') ?? textAt(source, 'uri') ?? textAt(source, 'url');
  const place = location === null ? null : datasetOfLocation(location);
  return {
    role: roleOfContext(textAt(item, 'context')),
    tables: table === null ? [] : tableLookups(table),
    dataset: place === null ? null : datasetUrn(place),
    version: boundedOrNull(textAt(source, 'delta_table_version')),
    label: bounded(table ?? location ?? name),
    shared: table !== null || location !== null,
  };
}

/** `lake.bank.trx` also as `bank.trx`: a catalog's name is local to the session that configured it. */
function tableLookups(table: string): string[] {
  const full = bounded(table.toLowerCase().replaceAll('`', ''), 300);
  const parts = full.split('.');
  return parts.length >= 3 ? [full, parts.slice(1).join('.')] : [full];
}

function millis(text: string | null): number | null {
  if (text === null || !/^\d{1,16}$/.test(text)) return null;
  const micros = Number(text) * 1000;
  return Number.isSafeInteger(micros) && micros > 0 ? micros : null;
}

function boundedOrNull(text: string | null): string | null {
  return text === null ? null : bounded(text, 150);
}

/** The UUID spelling of an MLflow run id (32 hex digits): how it appears as a parent run in OpenLineage. */
export function runUuid(runId: string): string {
  const hex = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(
    runId.toLowerCase(),
  );
  return hex === null ? runId : hex.slice(1).join('-');
}
