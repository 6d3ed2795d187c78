import type { SqlTx } from '@countersign/database';

/** Sequence of the last entry a projection has seen; -1n before the first. */
export async function readCursor(tx: SqlTx, name: string): Promise<bigint> {
  const [row] = await tx.query<{ sequence: bigint }>(
    'SELECT sequence FROM projection_cursor WHERE tenant_id = $1::uuid AND name = $2::text',
    [tx.tenantId, name],
  );
  return row?.sequence ?? -1n;
}

/**
 * Locks a projection of a tenant for this transaction and reads its cursor. Null when another replica holds it and
 * `wait` is not set.
 */
export async function lockCursor(tx: SqlTx, name: string, wait: boolean): Promise<bigint | null> {
  await tx.query(
    `INSERT INTO projection_cursor (tenant_id, name, sequence) VALUES ($1::uuid, $2::text, -1)
     ON CONFLICT DO NOTHING`,
    [tx.tenantId, name],
  );
  const [row] = await tx.query<{ sequence: bigint }>(
    `SELECT sequence FROM projection_cursor WHERE tenant_id = $1::uuid AND name = $2::text
     FOR UPDATE ${wait ? '' : 'SKIP LOCKED'}`,
    [tx.tenantId, name],
  );
  return row?.sequence ?? null;
}

export async function moveCursor(tx: SqlTx, name: string, sequence: bigint): Promise<void> {
  await tx.query(
    `UPDATE projection_cursor SET sequence = $3::bigint WHERE tenant_id = $1::uuid AND name = $2::text`,
    [tx.tenantId, name, sequence],
  );
}
