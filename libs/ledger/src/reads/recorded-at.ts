import type { SqlTx } from '@countersign/database';

/**
 * The first sequence recorded at or after a moment; the size of the log when there is none. recordedAt never
 * decreases, so a binary search over the primary key finds it without an index of its own.
 */
export async function firstRecordedFrom(tx: SqlTx, moment: Date): Promise<bigint> {
  const [row] = await tx.query<{ lo: bigint }>(
    `WITH RECURSIVE search(lo, hi) AS (
       SELECT 0::bigint, size FROM ledger_head WHERE tenant_id = $1::uuid
       UNION ALL
       SELECT CASE WHEN e.recorded_at < $2::timestamptz THEN e.seq + 1 ELSE s.lo END,
              CASE WHEN e.recorded_at < $2::timestamptz THEN s.hi ELSE e.seq END
       FROM search s JOIN ledger_entry e ON e.tenant_id = $1::uuid AND e.seq = (s.lo + s.hi) / 2
       WHERE s.lo < s.hi
     )
     SELECT lo FROM search WHERE lo = hi`,
    [tx.tenantId, moment],
  );
  return row?.lo ?? 0n;
}
