import { asTenantId, type TenantId } from '@countersign/kernel';
import { delivered, ledgerFixture, type LedgerFixture } from './testing/ledger-fixture.js';

interface TableRow {
  readonly name: string;
  readonly keyed: boolean;
}

/** Rows of these may be changed, by the head's compare-and-swap and nothing else. */
const MUTABLE = new Set(['ledger_head']);

describe('ledger tables, as the runtime role', () => {
  let fixture: LedgerFixture;
  let own: TenantId;
  let foreign: TenantId;
  let tables: TableRow[];
  beforeAll(async () => {
    fixture = await ledgerFixture();
    own = await fixture.tenant();
    foreign = await fixture.tenant();
    for (const tenantId of [own, foreign]) {
      await fixture.ledger.append(
        tenantId,
        Array.from({ length: 300 }, (_, n) => delivered(n)),
      );
      await fixture.test.asOwner(
        `INSERT INTO ledger_checkpoint SELECT $1, 1, decode(repeat('00', 32), 'hex'), 'note', now()`,
        [tenantId],
      );
    }
    // From the catalogue, so that a table that is added later is covered by itself.
    tables = await fixture.test.asOwner<TableRow>(
      `SELECT c.relname AS name, EXISTS (SELECT 1 FROM pg_index i JOIN pg_attribute a
          ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = c.oid AND i.indisprimary AND a.attname = 'tenant_id') AS keyed
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname LIKE 'ledger\\_%' ORDER BY 1`,
    );
  });
  afterAll(() => fixture.end());

  const attempt = (sql: string, tenantId = own): Promise<unknown[]> =>
    fixture.test.database.sqlTransaction(tenantId, (tx) => tx.query(sql));

  it('are the ones that we know, all filled and keyed by tenant first', async () => {
    expect(tables.map(({ name }) => name)).toEqual([
      ...['ledger_checkpoint', 'ledger_delivery', 'ledger_disclosure', 'ledger_entry'],
      ...['ledger_evidence', 'ledger_head', 'ledger_log', 'ledger_payload', 'ledger_tile'],
    ]);
    for (const { keyed, name } of tables) {
      expect([name, keyed]).toEqual([name, true]);
      expect(await attempt(`SELECT 1 FROM ${name} LIMIT 1`)).toHaveLength(1);
    }
  });

  it('refuse UPDATE, DELETE and TRUNCATE', async () => {
    for (const { name } of tables) {
      const denied = { code: '42501' };
      await expect(attempt(`DELETE FROM ${name}`)).rejects.toMatchObject(denied);
      await expect(attempt(`TRUNCATE ${name}`)).rejects.toMatchObject(denied);
      const update = attempt(`UPDATE ${name} SET tenant_id = tenant_id`);
      if (MUTABLE.has(name)) await update;
      else await expect(update).rejects.toMatchObject(denied);
    }
  });

  it('refuse them to a superuser too, even as a replica, until the trigger is taken away', async () => {
    for (const { name } of tables) {
      const statements = [`DELETE FROM ${name}`, `TRUNCATE ${name}`];
      if (!MUTABLE.has(name)) statements.push(`UPDATE ${name} SET tenant_id = tenant_id`);
      for (const statement of statements) {
        const asReplica = `SET session_replication_role = replica; ${statement}`;
        await expect(fixture.test.asOwner(asReplica)).rejects.toMatchObject({ code: 'CS002' });
      }
    }
  });

  it('show and take no row of another tenant', async () => {
    for (const { name } of tables) {
      const rows = await attempt(`SELECT 1 FROM ${name} WHERE tenant_id = '${foreign}'`);
      expect([name, rows]).toEqual([name, []]);
      const insert = `INSERT INTO ${name} SELECT * FROM ${name} LIMIT 0`;
      await attempt(insert); // the right to insert is there; what follows is refused for the tenant alone
    }
    for (const { name } of tables) {
      const [row] = await fixture.test.asOwner<{ json: string }>(
        `SELECT to_json(t)::text AS json FROM ${name} t WHERE tenant_id = '${foreign}' LIMIT 1`,
      );
      const copy = fixture.test.database.sqlTransaction(own, (tx) =>
        tx.query(
          `INSERT INTO ${name} SELECT * FROM json_populate_record(NULL::${name}, $1::json)`,
          [row?.json],
        ),
      );
      await expect(copy).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('belong to the owner role and force row-level security on it', async () => {
    const rows = await fixture.test.asOwner<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relname LIKE 'ledger\\_%'
         AND (relowner::regrole::text <> 'countersign_owner' OR NOT relrowsecurity OR NOT relforcerowsecurity)`,
    );
    expect(rows).toEqual([]);
  });

  it('raise when no tenant is set, but tell workers which tenants have work', async () => {
    await expect(
      fixture.test.database.global((db) => db.query('SELECT 1 FROM ledger_entry')),
    ).rejects.toMatchObject({ code: 'CS001' });
    const grown = await fixture.test.database.global((db) =>
      db.query<{ tenant_id: string; size: bigint; checkpointed: bigint }>(
        'SELECT * FROM ledger_unsigned()',
      ),
    );
    const mine = grown.find((row) => asTenantId(row.tenant_id) === own);
    expect(mine).toMatchObject({ size: 300n, checkpointed: 1n });
  });
});
