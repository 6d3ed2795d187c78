import type { RunFacts } from '../domain/facts.js';
import { parseRunEvent } from '../domain/run-event.js';
import { addEvent } from '../domain/run-facts.js';
import { EVIDENCE_RULES, type EvidenceRules } from '../domain/rules.js';

/** A dataset in an event that a test tells. */
export interface ToldDataset {
  readonly name: string;
  readonly version?: string;
  readonly layer?: string;
  readonly symlink?: string;
  readonly scanned?: number;
  readonly columnsFrom?: readonly string[];
}

/** An event that a test tells; times are seconds of one minute. */
export interface ToldEvent {
  readonly type: string;
  readonly at?: number;
  readonly run?: string;
  readonly job?: string;
  readonly parent?: string;
  readonly root?: string;
  readonly application?: string;
  readonly trackingRun?: string;
  readonly sql?: string;
  readonly streaming?: boolean;
  readonly inputs?: readonly ToldDataset[];
  readonly outputs?: readonly ToldDataset[];
}

const APP = '01a1fd4a-8566-71da-8f77-24b11afa1e1a';

/** The bytes of a told event. */
export function eventBytes(told: ToldEvent): Buffer {
  return Buffer.from(
    JSON.stringify({
      eventTime: `2026-11-21T08:00:${String(told.at ?? 0).padStart(2, '0')}.5Z`,
      eventType: told.type,
      run: {
        runId: told.run ?? 'run-1',
        facets: {
          parent: {
            run: { runId: told.parent ?? APP },
            job: { namespace: 'bank', name: 'app' },
            root: { run: { runId: told.root ?? APP } },
          },
          ...(told.application === undefined
            ? {}
            : { spark_applicationDetails: { applicationId: told.application } }),
          ...(told.trackingRun === undefined
            ? {}
            : { spark_properties: { properties: { 'spark.mlflow.runId': told.trackingRun } } }),
        },
      },
      job: {
        namespace: 'bank',
        name: `app.${told.job ?? 'overwrite_by_expression.out'}`,
        facets: {
          ...(told.sql === undefined ? {} : { sql: { query: told.sql } }),
          ...(told.streaming === true ? { jobType: { processingType: 'STREAMING' } } : {}),
        },
      },
      inputs: (told.inputs ?? []).map((data) => dataset(data, 'inputFacets')),
      outputs: (told.outputs ?? []).map((data) => dataset(data, 'outputFacets')),
    }),
  );
}

function dataset(told: ToldDataset, ioFacets: string): object {
  const fields = (told.columnsFrom ?? []).map((name) => [
    name,
    { inputFields: [{ namespace: 'file', name, field: 'x' }] },
  ]);
  return {
    namespace: 'file',
    name: told.name,
    facets: {
      ...(told.version === undefined ? {} : { version: { datasetVersion: told.version } }),
      ...(told.layer === undefined ? {} : { storage: { storageLayer: told.layer } }),
      ...(told.symlink === undefined
        ? {}
        : { symlinks: { identifiers: [{ namespace: 'w', name: told.symlink, type: 'TABLE' }] } }),
      ...(fields.length === 0
        ? {}
        : { columnLineage: { fields: Object.fromEntries(fields) as object } }),
    },
    ...(told.scanned === undefined
      ? {}
      : { [ioFacets]: { icebergScanReport: { snapshotId: told.scanned } } }),
  };
}

/** The facts of the runs of a story, in order of first appearance. */
export function factsOf(
  story: readonly ToldEvent[],
  rules: EvidenceRules = EVIDENCE_RULES,
): RunFacts[] {
  const runs = new Map<string, RunFacts>();
  for (const told of story) {
    const event = parseRunEvent(eventBytes(told));
    if (event === null) throw new Error('a told event must be readable');
    runs.set(event.runId, addEvent(runs.get(event.runId) ?? null, event, event.at ?? 0, rules));
  }
  return [...runs.values()];
}
