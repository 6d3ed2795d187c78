import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@countersign/kernel';
import pg from 'pg';

/** The advisory lock that Prisma Migrate takes, so that the two never run at once. */
const PRISMA_MIGRATE_LOCK = 72_707_369;

/** Prisma Migrate's own bookkeeping table: `prisma migrate status` reads what this runner wrote. */
const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
  migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`;

export interface MigrationReport {
  readonly applied: readonly string[];
  readonly total: number;
}

/**
 * Applies what is pending of `directory` (`<name>/migration.sql`, in name order), each file in one transaction,
 * under Prisma's advisory lock and in Prisma's bookkeeping. Starts a service without the Prisma CLI.
 * Throws MIGRATION_CHANGED when an applied file was edited, MIGRATION_FAILED with the file's name otherwise.
 */
export async function migrate(
  connectionString: string,
  directory: string,
): Promise<MigrationReport> {
  const names = await migrationNames(directory);
  const client = new pg.Client({ connectionString, options: '-c TimeZone=UTC' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_MIGRATE_LOCK]);
    await client.query(BOOKKEEPING);
    const applied: string[] = [];
    const known = await appliedChecksums(client);
    for (const name of names) {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      const before = known.get(name);
      if (before === checksum) continue;
      if (before !== undefined) throw changed(name);
      await applyOne(client, name, sql, checksum);
      applied.push(name);
    }
    // The service looks at start whether its database is up to date, with the rights it runs with.
    if (names.length > 0) {
      await client.query('GRANT SELECT ON _prisma_migrations TO countersign_runtime');
    }
    return { applied, total: names.length };
  } finally {
    await client.end();
  }
}

/** Names of the migrations in `directory`, oldest first. */
export async function migrationNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function appliedChecksums(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    'SELECT migration_name, checksum FROM _prisma_migrations WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL',
  );
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

async function applyOne(
  client: pg.Client,
  name: string,
  sql: string,
  checksum: string,
): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
       VALUES ($1, $2, now(), $3, now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new AppError('MIGRATION_FAILED', {
      publicMessage: `Migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'The database is as it was before this migration. Migrate as a role that may create roles and tables.',
      cause: error,
    });
  }
}

function changed(name: string): AppError {
  return new AppError('MIGRATION_CHANGED', {
    publicMessage: `Migration ${name} was edited after it had been applied to this database.`,
    hint: 'Restore the file, or start with an empty database.',
  });
}
