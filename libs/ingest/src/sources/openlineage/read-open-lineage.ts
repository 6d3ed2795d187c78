import {
  isJsonObject,
  OPEN_LINEAGE_LIMITS,
  parseStrictJson,
  type Json,
  type JsonObject,
} from '@countersign/chain';
import { subjects } from '@countersign/events';
import { parseInstant } from '../../instant.js';
import { notUnderstood, understood, type ReadInput, type Reading } from '../../reading.js';

/** What a door needs of an OpenLineage event: the reading, and which producer sent it. */
export interface OpenLineageReading {
  readonly reading: Reading;
  /** Name of the source, see producerName. */
  readonly producer: string;
}

/**
 * Reads an OpenLineage 2-0-2 event just far enough to file it: a RunEvent by its run id, a JobEvent or DatasetEvent by
 * its job or dataset. Everything else stays in the bytes for the projection. Pure; never throws.
 */
export function readOpenLineage(input: Omit<ReadInput, 'sourceId'>): OpenLineageReading {
  const parsed = parseStrictJson(input.bytes, OPEN_LINEAGE_LIMITS);
  if (!parsed.ok) {
    const detail = `${parsed.code} at byte ${parsed.offset}.`;
    return { reading: notUnderstood('NOT_STRICT_JSON', detail), producer: DEFAULT_PRODUCER };
  }
  const event = parsed.value;
  if (!isJsonObject(event) || Object.keys(event).length === 0) {
    const detail = 'The body is not a JSON object with members.';
    return { reading: notUnderstood('NOT_AN_EVENT', detail), producer: DEFAULT_PRODUCER };
  }
  return { reading: readEvent(event, input.receivedAt), producer: producerName(event['producer']) };
}

function readEvent(event: JsonObject, receivedAt: Date): Reading {
  const eventTime = text(event['eventTime']);
  const occurredAt = (eventTime === null ? null : parseInstant(eventTime)) ?? receivedAt;
  const said = eventTime ?? occurredAt.toISOString();
  const job = named(event['job']);
  if (event['run'] !== undefined) {
    const runId = isJsonObject(event['run']) ? text(event['run']['runId']) : null;
    if (runId === null) return notUnderstood('MISSING_FIELD', 'run.runId is missing.');
    if (job === null)
      return notUnderstood('MISSING_FIELD', 'job.namespace or job.name is missing.');
    return understood({
      type: 'lineage.run_event',
      subject: subjects.run(runId),
      occurredAt,
      data: {
        runId,
        jobNamespace: job.namespace,
        jobName: job.name,
        eventType: text(event['eventType']),
        eventTime: said,
        producer: text(event['producer']),
      },
    });
  }
  const dataset = named(event['dataset']);
  const [kind, what] = dataset === null ? (['job', job] as const) : (['dataset', dataset] as const);
  if (what === null) {
    return notUnderstood('UNKNOWN_EVENT_TYPE', 'The event has neither run, job nor dataset.');
  }
  return understood({
    type: 'lineage.static_event',
    subject: `${kind}/${encodeURIComponent(what.namespace)}/${encodeURIComponent(what.name)}`,
    occurredAt,
    data: { kind, eventTime: said },
  });
}

/** Integrations of the OpenLineage project: a closed list, so that a producer cannot open sources at will. */
const PRODUCERS = new Set([
  'airflow',
  'dagster',
  'dbt',
  'flink',
  'hive',
  'java',
  'python',
  'spark',
  'sql',
  'trino',
]);
export const DEFAULT_PRODUCER = 'default';
const INTEGRATION = /\/(?:integration|client)\/([a-z]+)(?:\/|$)/;

/** `spark` for `https://github.com/OpenLineage/OpenLineage/tree/1.53.0/integration/spark`; `default` otherwise. */
export function producerName(producer: Json | undefined): string {
  const name = typeof producer === 'string' ? INTEGRATION.exec(producer)?.[1] : undefined;
  return name !== undefined && PRODUCERS.has(name) ? name : DEFAULT_PRODUCER;
}

function named(value: Json | undefined): { namespace: string; name: string } | null {
  if (!isJsonObject(value)) return null;
  const namespace = text(value['namespace']);
  const name = text(value['name']);
  return namespace === null || name === null ? null : { namespace, name };
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
