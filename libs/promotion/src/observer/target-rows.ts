import { createHash } from 'node:crypto';
import type { SqlTx } from '@countersign/database';
import type { TargetState } from '../domain/observe.js';

export interface TargetKey {
  readonly source: string;
  readonly model: string;
  readonly target: string;
}

/** Desired and observed holders of a target, with what the row needs beside. */
export interface TargetRow extends TargetState {
  readonly approvedRequest: string | null;
  readonly driftId: string | null;
  readonly observedAt: Date | null;
}

interface StoredRow {
  target: string;
  approved_versions: string[];
  approved_request: string | null;
  observed_versions: string[];
  observed_at: Date;
  drift_id: string | null;
}

const UNSEEN: TargetRow = {
  approved: [],
  observed: [],
  drifting: false,
  approvedRequest: null,
  driftId: null,
  observedAt: null,
};

/** Every target of a model that was ever seen, by target. */
export async function targetsOf(
  tx: SqlTx,
  source: string,
  model: string,
): Promise<Map<string, TargetRow>> {
  const rows = await tx.query<StoredRow>(
    `SELECT target, approved_versions, approved_request, observed_versions, observed_at, drift_id
       FROM promotion_target WHERE tenant_id = $1::uuid AND source = $2 AND model = $3 ORDER BY target`,
    [tx.tenantId, source, model],
  );
  return new Map(
    rows.map((row) => [
      row.target,
      {
        approved: row.approved_versions,
        observed: row.observed_versions,
        drifting: row.drift_id !== null,
        approvedRequest: row.approved_request,
        driftId: row.drift_id,
        observedAt: row.observed_at,
      },
    ]),
  );
}

export function unseenTarget(): TargetRow {
  return UNSEEN;
}

export async function keepTarget(
  tx: SqlTx,
  key: TargetKey,
  row: TargetRow,
  seen: { sequence: bigint; at: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO promotion_target (tenant_id, source, model, target, approved_versions, approved_request,
       observed_versions, observed_sequence, observed_at, drift_id)
     VALUES ($1::uuid, $2, $3, $4, $5::text[], $6::uuid, $7::text[], $8::bigint, $9::timestamptz, $10::uuid)
     ON CONFLICT (tenant_id, source, model, target) DO UPDATE SET
       approved_versions = excluded.approved_versions, approved_request = excluded.approved_request,
       observed_versions = excluded.observed_versions, observed_sequence = excluded.observed_sequence,
       observed_at = excluded.observed_at, drift_id = excluded.drift_id`,
    [
      tx.tenantId,
      key.source,
      key.model,
      key.target,
      row.approved,
      row.approvedRequest,
      row.observed,
      seen.sequence,
      seen.at,
      row.driftId,
    ],
  );
}

/** When governance begins, what stands is what was meant: earlier moves are history. */
export async function acceptPresent(tx: SqlTx, source: string, model: string): Promise<void> {
  await tx.query(
    `UPDATE promotion_target SET approved_versions = observed_versions
      WHERE tenant_id = $1::uuid AND source = $2 AND model = $3`,
    [tx.tenantId, source, model],
  );
}

/** What is kept of a drift; a further unapproved move of the same target updates it. */
export interface DriftRow extends TargetKey {
  readonly id: string;
  readonly kind: 'unapproved' | 'missing';
  readonly approved: readonly string[];
  readonly observed: readonly string[];
  readonly severity: string;
  readonly earliest: Date | null;
  readonly latest: Date;
  readonly actor: string;
  readonly causeSequence: bigint;
}

export async function keepDrift(tx: SqlTx, drift: DriftRow): Promise<void> {
  await tx.query(
    `INSERT INTO drift (tenant_id, id, source, model, target, kind, approved_versions, observed_versions, severity,
       earliest, latest, actor, cause_sequence)
     VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7::text[], $8::text[], $9, $10::timestamptz, $11::timestamptz,
       $12, $13::bigint)
     ON CONFLICT (tenant_id, id) DO UPDATE SET kind = excluded.kind, observed_versions = excluded.observed_versions,
       latest = excluded.latest, actor = excluded.actor`,
    [
      tx.tenantId,
      drift.id,
      drift.source,
      drift.model,
      drift.target,
      drift.kind,
      drift.approved,
      drift.observed,
      drift.severity,
      drift.earliest,
      drift.latest,
      drift.actor,
      drift.causeSequence,
    ],
  );
}

export async function resolveDrift(tx: SqlTx, id: string, sequence: bigint): Promise<void> {
  await tx.query(
    'UPDATE drift SET resolved_by_sequence = $3::bigint WHERE tenant_id = $1::uuid AND id = $2::uuid',
    [tx.tenantId, id, sequence],
  );
}

/** Derived from what began it, so that a rebuild gives the same id. */
export function driftId(tenantId: string, key: TargetKey, sequence: bigint): string {
  const hex = createHash('sha256')
    .update(['drift', tenantId, key.source, key.model, key.target, String(sequence)].join('\n'))
    .digest('hex');
  // The version nibble says 8: a UUID by an own rule (RFC 9562 §5.8).
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
