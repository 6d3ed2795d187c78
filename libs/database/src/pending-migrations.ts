import { migrationNames } from './migrate.js';
import type { Queryable } from './tx.js';

/**
 * Names of the migrations in `directory` that this database has not seen, oldest first. Null when the
 * bookkeeping cannot be read: nobody migrated yet, or Prisma's own CLI did and granted nothing.
 */
export async function pendingMigrations(
  queryable: Queryable,
  directory: string,
): Promise<string[] | null> {
  const [state] = await queryable.query<{ readable: boolean | null }>(
    `SELECT has_table_privilege(to_regclass('_prisma_migrations'), 'SELECT') AS readable`,
  );
  if (state?.readable !== true) return null;
  const rows = await queryable.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL',
  );
  const applied = new Set(rows.map((row) => row.migration_name));
  return (await migrationNames(directory)).filter((name) => !applied.has(name));
}
