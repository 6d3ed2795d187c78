import { OPEN_LINEAGE_LIMITS, parseStrictJson, type Json } from '@countersign/chain';
import { storageLayer, normalDatasetName, tableNames, type Selector } from './dataset-name.js';
import { eventMicros } from './event-time.js';
import { listAt, membersAt, textAt, valueAt } from './json-reading.js';
import type { DatasetName } from './node-ref.js';
import { bounded } from './urn.js';

const RUN_ID_CHARS_MAX = 150;
const VERSION_CHARS_MAX = 200;
const TABLE_CHARS_MAX = 300;

/** A dataset as one event names it. */
export interface DatasetMention {
  readonly dataset: DatasetName;
  /** What the version facet says: text, exactly as sent. */
  readonly version: string | null;
  readonly selector: Selector;
  readonly metadata: boolean;
  readonly tables: readonly string[];
  readonly storageLayer: string | null;
  /** Snapshot ids of scan reports, which the producer rounded to doubles: hints, never identities. */
  readonly scanned: readonly string[];
  /** Datasets that the columnLineage facet names. */
  readonly columnSources: readonly DatasetName[];
}

/** What one OpenLineage RunEvent says, as far as lineage needs it. Everything but run, job and type may be missing. */
export interface RunEvent {
  readonly runId: string;
  readonly job: DatasetName;
  readonly eventType: string;
  /** Microseconds since 1970, or null when the event has no readable time. */
  readonly at: number | null;
  readonly streaming: boolean;
  readonly parentRunId: string | null;
  readonly parentJobName: string | null;
  readonly rootRunId: string | null;
  readonly applicationId: string | null;
  /** The tracking server's run id, when the session captured it. */
  readonly trackingRunId: string | null;
  /** True when the statement's text reads a past version of some table. */
  readonly timeTravel: boolean;
  readonly inputs: readonly DatasetMention[];
  readonly outputs: readonly DatasetMention[];
}

/** Reads the bytes of a RunEvent. Null when they are no JSON or name no run or job. Never throws. */
export function parseRunEvent(bytes: Uint8Array): RunEvent | null {
  const parsed = parseStrictJson(bytes, OPEN_LINEAGE_LIMITS);
  if (!parsed.ok) return null;
  const event = parsed.value;
  const runId = runIdAt(event, 'run', 'runId');
  const jobName = textAt(event, 'job', 'name');
  if (runId === null || jobName === null) return null;
  const facets = valueAt(event, 'run', 'facets');
  const time = textAt(event, 'eventTime');
  return {
    runId,
    job: { namespace: textAt(event, 'job', 'namespace') ?? '', name: jobName },
    eventType: textAt(event, 'eventType')?.toUpperCase() ?? 'OTHER',
    at: time === null ? null : eventMicros(time),
    streaming: isStreaming(valueAt(event, 'job', 'facets')),
    parentRunId: runIdAt(facets, 'parent', 'run', 'runId'),
    parentJobName: textAt(facets, 'parent', 'job', 'name'),
    rootRunId: runIdAt(facets, 'parent', 'root', 'run', 'runId'),
    applicationId: runIdAt(facets, 'spark_applicationDetails', 'applicationId'),
    trackingRunId: capturedTrackingRun(facets),
    timeTravel: TIME_TRAVEL.test(textAt(event, 'job', 'facets', 'sql', 'query') ?? ''),
    inputs: mentions(listAt(event, 'inputs'), 'inputFacets'),
    outputs: mentions(listAt(event, 'outputs'), 'outputFacets'),
  };
}

const TIME_TRAVEL = /\b(?:SYSTEM_)?(?:VERSION|TIMESTAMP|TIME)\s+AS\s+OF\b/i;

function runIdAt(value: Json | undefined, ...path: readonly string[]): string | null {
  const found = textAt(value, ...path);
  return found === null ? null : bounded(found, RUN_ID_CHARS_MAX);
}

function isStreaming(jobFacets: Json | undefined): boolean {
  const type = textAt(jobFacets, 'jobType', 'processingType')?.toUpperCase();
  return type === 'STREAMING' || type === 'SERVICE';
}

/** From the captured Spark property, or from the environment of the driver. */
function capturedTrackingRun(facets: Json | undefined): string | null {
  const property = runIdAt(facets, 'spark_properties', 'properties', 'spark.mlflow.runId');
  if (property !== null) return property;
  const spark = 'environment-properties';
  const captured = runIdAt(facets, spark, spark, 'MLFLOW_RUN_ID');
  if (captured !== null) return captured;
  const name = 'environmentVariables';
  const variable = listAt(facets, name, name).find((v) => textAt(v, 'name') === 'MLFLOW_RUN_ID');
  return variable === undefined ? null : runIdAt(variable, 'value');
}

function mentions(items: readonly Json[], ioFacets: string): DatasetMention[] {
  return items.flatMap((item) => {
    const mention = readMention(item, ioFacets);
    return mention === null ? [] : [mention];
  });
}

/** Reads one dataset of an event, or null when it has no name. `ioFacets`: inputFacets or outputFacets. */
export function readMention(item: Json, ioFacets: string): DatasetMention | null {
  const name = textAt(item, 'name');
  if (name === null) return null;
  const dataset = normalDatasetName(textAt(item, 'namespace') ?? '', name);
  const facets = valueAt(item, 'facets');
  const { selector, metadata, tables } = tableNames(facets, dataset);
  const version = textAt(facets, 'version', 'datasetVersion');
  return {
    dataset,
    version: version === null ? null : bounded(version, VERSION_CHARS_MAX),
    selector,
    metadata,
    tables: tables.map((table) => bounded(table, TABLE_CHARS_MAX)),
    storageLayer: storageLayer(facets),
    scanned: scanReports(valueAt(item, ioFacets)),
    columnSources: columnSources(facets),
  };
}

function scanReports(ioFacets: Json | undefined): string[] {
  const ids = ['icebergScanReport', 'IcebergScanReport'].map((key) =>
    textAt(ioFacets, key, 'snapshotId'),
  );
  return ids.flatMap((id) => (id === null ? [] : [id]));
}

function columnSources(facets: Json | undefined): DatasetName[] {
  const fields = [
    ...membersAt(facets, 'columnLineage', 'fields').flatMap((field) =>
      listAt(field, 'inputFields'),
    ),
    ...listAt(facets, 'columnLineage', 'dataset'),
  ];
  const found = new Map<string, DatasetName>();
  for (const field of fields) {
    const name = textAt(field, 'name');
    if (name === null) continue;
    const dataset = normalDatasetName(textAt(field, 'namespace') ?? '', name);
    found.set(JSON.stringify([dataset.namespace, dataset.name]), dataset);
  }
  return [...found.values()];
}
