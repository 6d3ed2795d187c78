import type { SqlTx } from '@countersign/database';
import {
  decodeCursor,
  encodeCursor,
  pageSize,
  type Page,
  type PageRequest,
} from '@countersign/kernel';
import type { DriftRecord } from './records.js';

interface DriftRow {
  id: string;
  source: string;
  model: string;
  target: string;
  kind: 'unapproved' | 'missing';
  approved_versions: string[];
  observed_versions: string[];
  severity: string;
  earliest: Date | null;
  latest: Date;
  actor: string;
  cause_sequence: bigint;
  resolved_by_sequence: bigint | null;
}

/** Drifts, newest first. */
export async function driftPage(
  tx: SqlTx,
  filter: {
    readonly model?: string | null | undefined;
    readonly open?: boolean | null | undefined;
  },
  page: Pick<PageRequest, 'first' | 'after'>,
): Promise<Page<DriftRecord>> {
  const size = pageSize(page.first);
  const [cause = null, id = null] = isGiven(page.after) ? decodeCursor(page.after, 2) : [];
  const rows = await tx.query<DriftRow>(
    `SELECT id, source, model, target, kind, approved_versions, observed_versions, severity, earliest, latest,
            actor, cause_sequence, resolved_by_sequence
       FROM drift
      WHERE tenant_id = $1::uuid AND ($2::text IS NULL OR model = $2)
        AND ($3::boolean IS NOT TRUE OR resolved_by_sequence IS NULL)
        AND ($4::bigint IS NULL OR (cause_sequence, id) < ($4::bigint, $5::uuid))
      ORDER BY cause_sequence DESC, id DESC LIMIT $6::int`,
    [tx.tenantId, filter.model ?? null, filter.open ?? null, cause, id, size + 1],
  );
  return {
    edges: rows.slice(0, size).map((row) => ({
      cursor: encodeCursor([String(row.cause_sequence), row.id]),
      node: driftRecord(row),
    })),
    hasNextPage: rows.length > size,
    hasPreviousPage: isGiven(page.after),
  };
}

function driftRecord(row: DriftRow): DriftRecord {
  return {
    id: row.id,
    source: row.source,
    model: row.model,
    target: row.target,
    kind: row.kind,
    approvedVersions: row.approved_versions,
    approvedVersion: row.approved_versions[0] ?? null,
    observedVersions: row.observed_versions,
    severity: row.severity,
    earliest: row.earliest,
    latest: row.latest,
    actor: row.actor,
    causeSequence: row.cause_sequence,
    resolvedBySequence: row.resolved_by_sequence,
  };
}

/** True for a cursor that was sent. */
export function isGiven(cursor: string | null | undefined): cursor is string {
  return cursor !== null && cursor !== undefined;
}
