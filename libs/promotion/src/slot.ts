import type { SqlTx } from '@countersign/database';

/**
 * Locks one target of one model until the transaction ends. Always after a request's row: two executions onto one
 * target, or two requests for it, come one after the other.
 */
export async function lockSlot(
  tx: SqlTx,
  at: { readonly source: string; readonly model: string; readonly target: string },
): Promise<void> {
  const key = [tx.tenantId, at.source, at.model, at.target];
  await tx.query(
    `INSERT INTO promotion_slot (tenant_id, source, model, target) VALUES ($1::uuid, $2, $3, $4)
     ON CONFLICT DO NOTHING`,
    key,
  );
  await tx.query(
    `SELECT 1 FROM promotion_slot WHERE tenant_id = $1::uuid AND source = $2 AND model = $3 AND target = $4
        FOR UPDATE`,
    key,
  );
}
