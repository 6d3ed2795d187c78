import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Database, migrate, migrationNames } from '@countersign/database';
import { asTenantId, type TenantId } from '@countersign/kernel';
import pg from 'pg';

const MIGRATIONS = join(process.cwd(), 'prisma', 'migrations');
const TEMPLATE_LOCK = 72_707_371;

export interface TestDatabase {
  /** As the service connects: a login that owns nothing. */
  readonly url: string;
  /** As the migrations connect: superuser of the private cluster. */
  readonly ownerUrl: string;
  readonly database: Database;
  /** Makes a tenant row and returns its id. */
  tenant(slug?: string): Promise<TenantId>;
  /** Runs SQL as the owner, past row-level security and past the guard against taking protection off. */
  asOwner<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A migrated database of its own for one suite, copied from a template (about 0.1 s). */
export async function createTestDatabase(): Promise<TestDatabase> {
  const ownerServer = requiredEnv('TEST_OWNER_URL');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await withClient(ownerServer, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const template = await ensureTemplate(client, ownerServer);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const ownerUrl = onDatabase(ownerServer, name);
  const url = onDatabase(requiredEnv('TEST_APP_URL'), name);
  const database = new Database({ connectionString: url, max: 10 });
  return {
    url,
    ownerUrl,
    database,
    tenant: async (slug = 'acme') => {
      const id = randomUUID();
      await withClient(ownerUrl, (client) =>
        client.query('INSERT INTO tenant (id, slug, display_name) VALUES ($1, $2, $2)', [id, slug]),
      );
      return asTenantId(id);
    },
    asOwner: async (text, values = []) =>
      withClient(
        ownerUrl,
        async (client) => (await client.query(text, values)).rows,
        '-c event_triggers=off',
      ),
    drop: async () => {
      await database.close();
      await withClient(ownerServer, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

/** One template per state of the migrations folder. */
async function ensureTemplate(client: pg.Client, ownerServer: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await migrationNames(MIGRATIONS)) {
    hash.update(name).update(await readFile(join(MIGRATIONS, name, 'migration.sql')));
  }
  const template = `template_${hash.digest('hex').slice(0, 16)}`;
  const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
  if (found.rowCount === 0) {
    const unfinished = `u_${randomUUID().replaceAll('-', '')}`;
    await client.query(`CREATE DATABASE ${unfinished}`);
    try {
      await migrate(onDatabase(ownerServer, unfinished), MIGRATIONS);
      await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
    } catch (error) {
      await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
      throw error;
    }
  }
  return template;
}

async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
  options = '',
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, options: `-c TimeZone=UTC ${options}` });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function onDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
}

function requiredEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests through npm test`);
  return value;
}
