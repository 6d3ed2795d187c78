import { createTestDatabase, type TestDatabase } from './database.js';

/** All rows of all tables, as JSON text by table: what a logical backup holds. */
export type TableDump = ReadonlyMap<string, string>;

/** Reads every row of every table, past row-level security. */
export async function dumpTables(test: TestDatabase): Promise<TableDump> {
  const tables = await test.asOwner<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
     AND relname <> '_prisma_migrations' ORDER BY 1`,
  );
  const dump = new Map<string, string>();
  for (const { name } of tables) {
    const [row] = await test.asOwner<{ rows: string }>(
      `SELECT coalesce(json_agg(t), '[]')::text AS rows FROM ${name} t`,
    );
    dump.set(name, row?.rows ?? '[]');
  }
  return dump;
}

/** Puts a dump into a database of its own. */
export async function restoreTables(dump: TableDump): Promise<TestDatabase> {
  const test = await createTestDatabase();
  for (const [name, rows] of dump) {
    await test.asOwner(
      `WITH off AS (SELECT set_config('session_replication_role', 'replica', false))
       INSERT INTO ${name} SELECT t.* FROM off, json_populate_recordset(NULL::${name}, $1::json) t`,
      [rows],
    );
  }
  return test;
}
