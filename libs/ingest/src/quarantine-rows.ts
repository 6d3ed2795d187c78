import type { SqlTx } from '@countersign/database';
import type { QuarantineReason } from './reading.js';

/** A delivery in quarantine, without its bytes. */
export interface QuarantinedRow {
  readonly id: string;
  readonly sourceId: string;
  readonly sequence: bigint;
  readonly delivery: string;
  readonly receivedAt: Date;
  readonly reason: QuarantineReason;
  readonly detail: string;
}

/** A row as it is read back. */
export interface QuarantinedRecord extends QuarantinedRow {
  readonly replayedAt: Date | null;
  readonly replaySequence: bigint | null;
}

export const QUARANTINE_COLUMNS = `id, source_id AS "sourceId", sequence, delivery, received_at AS "receivedAt", reason,
  detail, replayed_at AS "replayedAt", replay_sequence AS "replaySequence"`;

/** Adds rows of tx's tenant. */
export async function insertQuarantined(tx: SqlTx, rows: readonly QuarantinedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO quarantine (tenant_id, id, source_id, sequence, delivery, received_at, reason, detail)
     SELECT $1::uuid, * FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[])`,
    [
      tx.tenantId,
      rows.map(({ id }) => id),
      rows.map(({ sourceId }) => sourceId),
      rows.map(({ sequence }) => sequence),
      rows.map(({ delivery }) => delivery),
      rows.map(({ receivedAt }) => receivedAt),
      rows.map(({ reason }) => reason),
      rows.map(({ detail }) => detail),
    ],
  );
}

/** Rows of tx's tenant by id, in no particular order. */
export async function quarantinedByIds(
  tx: SqlTx,
  ids: readonly string[],
): Promise<QuarantinedRecord[]> {
  return tx.query<QuarantinedRecord>(
    `SELECT ${QUARANTINE_COLUMNS} FROM quarantine WHERE tenant_id = $1::uuid AND id = ANY ($2::uuid[])`,
    [tx.tenantId, ids],
  );
}
