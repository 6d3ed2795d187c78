import { statfs } from 'node:fs/promises';
import { explainConnectionFailure, pendingMigrations, type Database } from '@countersign/database';
import type { Config } from '@countersign/config';
import { AppError } from '@countersign/kernel';
import { checkDurability } from '@countersign/ledger';
import { StartFailure } from './start-failure.js';

const POSTGRES_MIN = 150_000;
/** Below this nothing can be kept for long. */
const FREE_BYTES_MIN = 64 * 1024 * 1024;

/** What a start needs to know about its surroundings. Throws StartFailure with a plain sentence. */
export async function checkSurroundings(
  database: Database,
  migrationsDirectory: string,
  { dataDir, nodeEnv }: Pick<Config, 'dataDir' | 'nodeEnv'>,
): Promise<void> {
  await checkSpace(dataDir);
  await checkDatabase(database, migrationsDirectory);
  if (nodeEnv === 'production') await refuseSuperuser(database);
}

/** Sessions drop to the runtime role, but a login that owns everything could take its rights back. */
async function refuseSuperuser(database: Database): Promise<void> {
  const [login] = await database.global((queryable) =>
    queryable.query<{ name: string; superuser: boolean }>(
      'SELECT rolname AS name, rolsuper AS superuser FROM pg_roles WHERE rolname = session_user',
    ),
  );
  if (login?.superuser !== true) return;
  throw new StartFailure(
    `The login ${login.name} of DATABASE_URL is a superuser.`,
    'In production connect with a login that is a member of countersign_runtime and nothing more.',
  );
}

/** Database reachable, new enough, durable, under the runtime role and up to date. */
export async function checkDatabase(
  database: Database,
  migrationsDirectory: string,
): Promise<void> {
  const pending = await reach(async () =>
    database.global(async (queryable) => {
      const [found] = await queryable.query<Surroundings>(SURROUNDINGS);
      mustBeNewEnough(found?.version ?? 0);
      return found?.migrated === true ? pendingMigrations(queryable, migrationsDirectory) : ['all'];
    }),
  );
  await reach(() => checkDurability(database));
  if (pending !== null && pending.length > 0) {
    throw new StartFailure(
      `The database lacks ${pending[0] === 'all' ? 'the tables of Countersign' : `${pending.length} migration(s): ${pending.join(', ')}`}.`,
      'Run `npx countersign migrate` as a role that may create tables (DATABASE_MIGRATION_URL).',
    );
  }
}

interface Surroundings {
  readonly version: number;
  readonly migrated: boolean;
}

const SURROUNDINGS = `SELECT current_setting('server_version_num')::int AS version,
  to_regclass('ledger_head') IS NOT NULL AS migrated`;

function mustBeNewEnough(version: number): void {
  if (version >= POSTGRES_MIN) return;
  throw new StartFailure(
    `PostgreSQL ${Math.floor(version / 10_000)} is too old.`,
    'Countersign needs PostgreSQL 15 or newer.',
  );
}

/** Failures to connect, as people call them. */
async function reach<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StartFailure) throw error;
    if (error instanceof AppError) {
      throw new StartFailure(
        error.publicMessage,
        error.hint ?? 'See the README on production databases.',
        error,
      );
    }
    const failure = explainConnectionFailure(error);
    throw new StartFailure(
      failure?.message ?? 'The database cannot be used.',
      failure?.hint ?? (error instanceof Error ? error.message : String(error)),
      error,
    );
  }
}

async function checkSpace(dataDir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dataDir).catch((error: unknown) => {
    throw new StartFailure(
      `DATA_DIR ${dataDir} cannot be used.`,
      'Set DATA_DIR to a folder with space and rights.',
      error,
    );
  });
  if (bavail * bsize < FREE_BYTES_MIN) {
    throw new StartFailure(
      `DATA_DIR ${dataDir} has less than 64 MiB of free space.`,
      'Free some space, or set DATA_DIR to another disk.',
    );
  }
}
