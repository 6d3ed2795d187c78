import type { SqlTx } from '@countersign/database';
import type { LiveFault } from './range-task.js';

/** Columns by which entries are found; each has an index (tenant, column, seq). */
const COLUMNS = ['type', 'subject', 'actor'] as const;

/**
 * An index that lacks a row hides it from every list, and no hash shows it. Reads the entries in the order of each index
 * and in the order of the primary key, and compares a sum over (column, sequence). Where the planner would take another
 * way than by the index, nothing is said.
 */
export async function indexFault(tx: SqlTx): Promise<LiveFault | null> {
  // Sorting is made dear, so that an order is only ever got from an index.
  await tx.query(
    `SELECT set_config('enable_sort', 'off', true), set_config('enable_incremental_sort', 'off', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`,
  );
  const [whole] = await tx.query<Sums>(sums('seq'), [tx.tenantId]);
  for (const column of COLUMNS) {
    if (!(await usesIndex(tx, column))) continue;
    const [seen] = await tx.query<Sums>(sums(`${column}, seq`), [tx.tenantId]);
    if (seen?.count === whole?.count && seen?.[column] === whole?.[column]) continue;
    return {
      sequence: whole?.count ?? 0n,
      rule: 'INDEX_MISMATCH',
      expected: `${whole?.count ?? 0n} entries by the index over ${column}, found ${seen?.count ?? 0n}`,
    };
  }
  return null;
}

interface Sums {
  readonly count: bigint;
  readonly type: string | null;
  readonly subject: string | null;
  readonly actor: string | null;
}

function sums(order: string): string {
  const totals = COLUMNS.map(
    (column) => `sum(hashtextextended(${column}, seq)::numeric)::text AS ${column}`,
  );
  return `SELECT count(*) AS count, ${totals.join(', ')} FROM (${ordered(order)}) e`;
}

function ordered(order: string): string {
  return `SELECT seq, ${COLUMNS.join(', ')} FROM ledger_entry WHERE tenant_id = $1::uuid ORDER BY ${order}`;
}

async function usesIndex(tx: SqlTx, column: string): Promise<boolean> {
  const plan = await tx.query<Record<string, string>>(`EXPLAIN ${ordered(`${column}, seq`)}`, [
    tx.tenantId,
  ]);
  return plan.some((line) =>
    Object.values(line).some((text) => text.includes(`ledger_entry_tenant_id_${column}_seq_idx`)),
  );
}
