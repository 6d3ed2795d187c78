import type { Database, SqlTx } from '@countersign/database';
import { asTenantId, type TenantId } from '@countersign/kernel';
import type { LedgerQueries } from '../reads/ledger-queries.js';
import type { Projector } from './projector.js';
import { projectAnew } from './step.js';

/** Notes, in the transaction that erases, which projections show what is erased. */
export async function askRebuilds(
  tx: SqlTx,
  askedBy: bigint,
  projectors: readonly Pick<Projector, 'name' | 'types' | 'personal'>[],
  sequences: readonly bigint[],
): Promise<void> {
  const rows = await tx.query<{ type: string }>(
    'SELECT DISTINCT type FROM ledger_entry WHERE tenant_id = $1::uuid AND seq = ANY ($2::bigint[])',
    [tx.tenantId, sequences],
  );
  const names = projectors
    .filter((projector) => projector.personal === true)
    .filter(({ types }) => rows.some(({ type }) => reads(types, type)))
    .map(({ name }) => name)
    .sort();
  for (const name of names) {
    await tx.query(
      `INSERT INTO projection_rebuild (tenant_id, name, asked_sequence, done_sequence)
       VALUES ($1::uuid, $2::text, $3::bigint, -1)
       ON CONFLICT (tenant_id, name) DO UPDATE SET asked_sequence = EXCLUDED.asked_sequence`,
      [tx.tenantId, name, askedBy],
    );
  }
}

function reads(types: readonly string[] | undefined, type: string): boolean {
  if (types === undefined) return true;
  return types.some((one) =>
    one.endsWith('.*') ? type.startsWith(one.slice(0, -1)) : one === type,
  );
}

/** Rebuilds of all tenants that nobody has done yet. */
export async function rebuildsDue(
  database: Database,
): Promise<{ readonly tenantId: TenantId; readonly name: string }[]> {
  const rows = await database.global((db) =>
    db.query<{ tenant_id: string; name: string }>('SELECT * FROM projection_rebuilds_due()'),
  );
  return rows.map(({ name, tenant_id }) => ({ tenantId: asTenantId(tenant_id), name }));
}

/** Makes a projection again when that was asked for and is not done. Two processes do it once. */
export async function rebuildAsked(
  database: Database,
  queries: LedgerQueries,
  projector: Projector,
  tenantId: TenantId,
): Promise<boolean> {
  return database.sqlTransaction(tenantId, async (tx) => {
    const [row] = await tx.query<{ asked: bigint; done: bigint }>(
      `SELECT asked_sequence AS asked, done_sequence AS done FROM projection_rebuild
       WHERE tenant_id = $1::uuid AND name = $2::text FOR UPDATE`,
      [tx.tenantId, projector.name],
    );
    if (row === undefined || row.done >= row.asked) return false;
    await projectAnew(tx, queries, projector);
    await tx.query(
      'UPDATE projection_rebuild SET done_sequence = $3::bigint WHERE tenant_id = $1::uuid AND name = $2::text',
      [tx.tenantId, projector.name, row.asked],
    );
    return true;
  });
}
