import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@countersign/database';
import { catalogueProblems } from '../support/catalogue.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('the database’s catalogue', () => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await createTestDatabase();
  });
  afterEach(() => test.drop());

  it('gives every table, function and role the protection that its kind needs', async () => {
    expect(await catalogueProblems(test)).toEqual([]);
  });

  it('shows a migration that adds a table without protection', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    try {
      await cp(join(process.cwd(), 'prisma', 'migrations'), folder, { recursive: true });
      await mkdir(join(folder, '29991231000000_hasty'));
      await writeFile(
        join(folder, '29991231000000_hasty', 'migration.sql'),
        'CREATE TABLE hasty (tenant_id uuid NOT NULL, note text);',
      );
      await migrate(test.ownerUrl, folder);
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(await catalogueProblems(test)).toEqual(['hasty: a table that nobody declared']);
  });

  it.each([
    [
      'CREATE VIEW every_tenant AS SELECT * FROM ledger_entry',
      /every_tenant: a relation of kind "v"/,
    ],
    ['CREATE SEQUENCE counter', /counter: a relation of kind "S"/],
    ['CREATE SCHEMA aside CREATE TABLE extra (id int)', /extra: a table that nobody declared/],
    [
      'ALTER TABLE ledger_payload NO FORCE ROW LEVEL SECURITY',
      /ledger_payload: row-level security/,
    ],
    ['DROP POLICY tenant_isolation ON quarantine', /quarantine: policies/],
    ['CREATE POLICY wide ON permit USING (true)', /permit: policies/],
    [
      'ALTER TABLE ledger_tile DISABLE TRIGGER append_only_rows',
      /ledger_tile: append-only triggers/,
    ],
    ['ALTER TABLE heads_leaf ENABLE TRIGGER append_only_table', /heads_leaf: append-only triggers/],
    ['DROP TRIGGER append_only_rows ON ledger_evidence', /ledger_evidence: append-only triggers/],
    ['ALTER TABLE promotion_vote DISABLE TRIGGER keep_promotion_vote', /keep_promotion_vote D/],
    ['GRANT DELETE ON ledger_entry TO countersign_runtime', /ledger_entry: rights: .*DELETE/],
    [
      'GRANT UPDATE (subject) ON role_grant TO countersign_runtime',
      /role_grant: rights on columns/,
    ],
    ['GRANT SELECT ON principal TO PUBLIC', /principal: rights: PUBLIC SELECT/],
    ['ALTER TABLE source OWNER TO CURRENT_USER', /source: belongs to/],
    ['GRANT EXECUTE ON FUNCTION ledger_erase TO PUBLIC', /ledger_erase\(\): PUBLIC may execute/],
    ['ALTER FUNCTION ledger_erase RESET search_path', /ledger_erase\(\): its search_path is open/],
    [
      'ALTER FUNCTION app_tenant() SECURITY DEFINER',
      /app_tenant\(\): an undeclared SECURITY DEFINER/,
    ],
    ['ALTER FUNCTION ledger_unsigned() OWNER TO CURRENT_USER', /ledger_unsigned\(\): belongs to/],
    ['GRANT CREATE ON SCHEMA public TO countersign_runtime', /may create in the schema/],
    ['ALTER EVENT TRIGGER countersign_guard_drop DISABLE', /event triggers are/],
    ['DROP TABLE legal_hold CASCADE', /legal_hold: declared, but not there/],
  ])('shows what this did: %s', async (statement, problem) => {
    await test.asOwner(statement);
    expect(await catalogueProblems(test)).toEqual(
      expect.arrayContaining([expect.stringMatching(problem)]),
    );
  });

  it.each([
    'DROP TABLE ledger_entry CASCADE',
    'DROP TRIGGER append_only_rows ON ledger_entry',
    'DROP POLICY tenant_isolation ON ledger_payload',
    'ALTER TABLE ledger_payload DROP COLUMN bytes',
    'ALTER TABLE ledger_entry DISABLE TRIGGER ALL',
    'ALTER TABLE ledger_tile DISABLE TRIGGER append_only_rows',
    'ALTER TABLE permit NO FORCE ROW LEVEL SECURITY',
    'ALTER TABLE quarantine DISABLE ROW LEVEL SECURITY',
    'DROP OWNED BY countersign_owner CASCADE',
  ])('refuses to the owner: %s', async (statement) => {
    await expect(
      test.asOwner(`SET event_triggers = on; SET ROLE countersign_owner; ${statement}`),
    ).rejects.toMatchObject({ code: 'CS007' });
  });

  it('lets the owner make and drop what is not protected', async () => {
    await test.asOwner(
      `SET event_triggers = on; SET ROLE countersign_owner; CREATE TABLE plain (id int);
       ALTER TABLE plain ADD COLUMN note text; ALTER TABLE plain DROP COLUMN note; DROP TABLE plain`,
    );
    expect(await catalogueProblems(test)).toEqual([]);
  });
});
