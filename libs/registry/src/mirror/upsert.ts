import type { SqlTx } from '@countersign/database';

type Cell = string | number | bigint | boolean | null;

/** Name, PostgreSQL type and how a row gives its value. */
export type Column<Row> = readonly [name: string, type: string, read: (row: Row) => Cell];

/**
 * One statement for any number of rows of one tenant: one array per column. `key` names the conflicting
 * columns whose row is then replaced; null when no row can be there yet. The INSERT stands in a WITH, as a
 * distributed PostgreSQL refuses a plain INSERT … SELECT under row-level security.
 */
export async function upsert<Row>(
  tx: SqlTx,
  table: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  key: string | null,
): Promise<void> {
  if (rows.length === 0) return;
  const names = columns.map(([name]) => name);
  const arrays = columns.map(([, type], index) => `$${index + 2}::${type}[]`);
  const conflict =
    key === null
      ? ''
      : `ON CONFLICT (${key}) DO UPDATE SET ${names.map((n) => `${n} = EXCLUDED.${n}`).join(', ')}`;
  await tx.query(
    `WITH written AS (
       INSERT INTO ${table} (tenant_id, ${names.join(', ')})
       SELECT $1::uuid, ${names.map((name) => `u.${name}`).join(', ')}
         FROM unnest(${arrays.join(', ')}) AS u(${names.join(', ')})
       ${conflict} RETURNING 1)
     SELECT count(*) FROM written`,
    [tx.tenantId, ...columns.map(([, , read]) => rows.map((row) => cell(read(row))))],
  );
}

function cell(value: Cell): string | number | boolean | null {
  return typeof value === 'bigint' ? String(value) : value;
}
