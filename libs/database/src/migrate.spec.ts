import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate, migrationNames } from './migrate.js';

const MIGRATIONS = join(process.cwd(), 'prisma', 'migrations');

describe('migrate', () => {
  const name = `m_${randomUUID().replaceAll('-', '')}`;
  const login = `l_${randomUUID().slice(0, 8)}`;
  const admin = new pg.Client({ connectionString: process.env['TEST_OWNER_URL'] });
  let directory: string;
  let url: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'migrations-'));
    await cp(MIGRATIONS, directory, { recursive: true });
    await admin.connect();
    await admin.query(`CREATE ROLE ${login} LOGIN CREATEROLE PASSWORD 'p'`);
    await admin.query(`GRANT countersign_owner TO ${login}`);
    await admin.query(`GRANT countersign_runtime TO ${login} WITH ADMIN OPTION`);
    // As the first database of a server leaves it to the login that made the roles.
    await admin.query(`DO $$ BEGIN
      CREATE ROLE countersign_eraser NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`);
    await admin.query(
      `GRANT countersign_eraser TO ${login} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
    );
    await admin.query(`CREATE DATABASE ${name} OWNER ${login}`);
    const parsed = new URL(process.env['TEST_OWNER_URL'] ?? '');
    parsed.username = login;
    parsed.password = 'p';
    parsed.pathname = `/${name}`;
    url = parsed.toString();
  });

  afterAll(async () => {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.query(`DROP ROLE ${login}`);
    await admin.end();
    await rm(directory, { recursive: true });
  });

  it('applies everything as a login that is no superuser, and nothing the second time', async () => {
    const names = await migrationNames(directory);
    expect((await migrate(url, directory)).applied).toEqual(names);
    expect((await migrate(url, directory)).applied).toEqual([]);
  });

  it('leaves every table to the owner role, none to the login', async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(
      `SELECT tablename FROM pg_tables
       WHERE schemaname = 'public' AND tableowner <> 'countersign_owner' AND tablename <> '_prisma_migrations'`,
    );
    await client.end();
    expect(rows).toEqual([]);
  });

  it('undoes a migration that fails half-way and names it', async () => {
    const broken = join(directory, '29991231000000_broken');
    await mkdir(broken);
    await writeFile(join(broken, 'migration.sql'), 'CREATE TABLE half (id int); SELECT 1 / 0;');
    await expect(migrate(url, directory)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      publicMessage: expect.stringContaining('29991231000000_broken'),
    });
    await rm(broken, { recursive: true });
    expect((await migrate(url, directory)).applied).toEqual([]);
  });

  it('refuses a file that was edited after it had been applied', async () => {
    const [first] = await migrationNames(directory);
    await writeFile(join(directory, first ?? '', 'migration.sql'), 'SELECT 1;');
    await expect(migrate(url, directory)).rejects.toMatchObject({ code: 'MIGRATION_CHANGED' });
  });
});
