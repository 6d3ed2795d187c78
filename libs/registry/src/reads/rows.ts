import { textPlaces, type SealedText } from '../mirror/sealed-text.js';
import type { SpanDbRow, ModelDbRow, VersionDbRow } from '../mirror/rows.js';
import type {
  ModelVersionRecord,
  PlacementRecord,
  RegisteredModelRecord,
  TimeRange,
} from './records.js';

/** A version joined with its model and its current stage. */
export interface VersionReadRow extends VersionDbRow {
  source: string;
  kind: 'model' | 'prompt';
  model_name: string;
  incarnation: number;
  stage: string | null;
}

/** SELECT list and joins of a VersionReadRow; the caller adds WHERE on v and m. $1 is the tenant. */
export const SELECT_VERSION = `
  SELECT v.*, m.source, m.kind, m.name AS model_name, m.incarnation, s.value AS stage
    FROM registry_version v
    JOIN registry_model m ON m.tenant_id = v.tenant_id AND m.id = v.model_id
    LEFT JOIN registry_span s
      ON s.tenant_id = v.tenant_id AND s.version_id = v.id AND s.kind = 'stage'
     AND s.known_to IS NULL AND s.to_latest IS NULL AND s.present
   WHERE v.tenant_id = $1::uuid`;

export function modelRecord(row: ModelDbRow, texts: SealedText): RegisteredModelRecord {
  return {
    id: row.id,
    source: row.source,
    kind: row.kind,
    name: row.name,
    incarnation: row.incarnation,
    description: texts.open(row.description, textPlaces.description(row.id)),
    basis: row.basis,
    createdAt: row.created_at,
    deletedAt: timeRange(row.deleted_earliest, row.deleted_latest),
    firstSequence: row.first_sequence,
  };
}

export function versionRecord(row: VersionReadRow, texts: SealedText): ModelVersionRecord {
  return {
    id: row.id,
    modelId: row.model_id,
    source: row.source,
    kind: row.kind,
    modelName: row.model_name,
    incarnation: row.incarnation,
    version: row.version,
    runId: row.run_id,
    sourceUri: row.source_uri,
    description: texts.open(row.description, textPlaces.description(row.id)),
    stage: row.stage,
    status: row.status,
    artifactDigest: row.artifact_digest,
    basis: row.basis,
    createdAt: row.created_at,
    deletedAt: timeRange(row.deleted_earliest, row.deleted_latest),
    firstSequence: row.first_sequence,
  };
}

export function placementRecord(row: SpanDbRow): PlacementRecord {
  return {
    versionId: row.version_id ?? '',
    modelId: row.model_id,
    target: row.kind === 'alias' ? `alias:${row.key}` : `stage:${row.value ?? ''}`,
    from: { earliest: row.from_earliest, latest: row.from_latest },
    to: timeRange(row.to_earliest, row.to_latest),
    placedBy: { id: row.actor_id, kind: row.actor_kind, basis: row.actor_basis },
    basis: row.basis,
    entrySequence: row.entry_sequence,
    knownFromSequence: row.known_from,
    knownToSequence: row.known_to,
  };
}

function timeRange(earliest: Date | null, latest: Date | null): TimeRange | null {
  return earliest === null || latest === null ? null : { earliest, latest };
}

/** Groups rows by an id, with an empty list for ids that have none. */
export function grouped<Row, Out>(
  ids: readonly string[],
  rows: readonly Row[],
  idOf: (row: Row) => string | null,
  read: (row: Row) => Out,
): Map<string, Out[]> {
  const groups = new Map<string, Out[]>(ids.map((id) => [id, []]));
  for (const row of rows) groups.get(idOf(row) ?? '')?.push(read(row));
  return groups;
}
