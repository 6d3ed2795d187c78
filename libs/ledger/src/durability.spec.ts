import { Database } from '@countersign/database';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { checkDurability } from './durability.js';
import { missingEventTriggers } from './protection.js';

describe('checkDurability', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  async function verdict(asOwner: boolean, options?: string): Promise<unknown> {
    const url = new URL(asOwner ? test.ownerUrl : test.url);
    const database = new Database({ connectionString: url.toString(), max: 1, asOwner });
    if (options !== undefined) await test.asOwner(options);
    try {
      await checkDurability(database);
      return 'fit';
    } catch (error) {
      return error;
    } finally {
      await database.close();
      const name = new URL(test.ownerUrl).pathname.slice(1);
      await test.asOwner(`ALTER DATABASE ${name} RESET ALL`);
    }
  }
  const set = (what: string): string =>
    `ALTER DATABASE ${new URL(test.ownerUrl).pathname.slice(1)} SET ${what}`;

  it('accepts the session that the service uses', async () => {
    expect(await verdict(false)).toBe('fit');
  });

  it.each(['off', 'local'])('refuses synchronous_commit = %s and says so', async (value) => {
    expect(await verdict(false, set(`synchronous_commit = ${value}`))).toMatchObject({
      code: 'NOT_DURABLE',
      publicMessage: expect.stringContaining(`synchronous_commit = ${value}`) as string,
    });
  });

  it('refuses a role that could change what is recorded', async () => {
    expect(await verdict(true)).toMatchObject({ code: 'UNSAFE_SESSION' });
  });

  it('refuses sessions in which ordinary triggers stay silent', async () => {
    const url = new URL(test.url);
    const login = url.username;
    await test.asOwner(`GRANT SET ON PARAMETER session_replication_role TO ${login}`);
    try {
      const replica = set('session_replication_role = replica');
      expect(await verdict(false, replica)).toMatchObject({ code: 'UNSAFE_SESSION' });
    } finally {
      await test.asOwner(`REVOKE SET ON PARAMETER session_replication_role FROM ${login}`);
    }
  });

  const faults: [string, string, string, string][] = [
    [
      'a right to change entries',
      'GRANT UPDATE ON ledger_entry TO countersign_runtime',
      'REVOKE UPDATE ON ledger_entry FROM countersign_runtime',
      'holds UPDATE on ledger_entry',
    ],
    [
      'a right to delete, given to everybody',
      'GRANT DELETE ON ledger_head TO PUBLIC',
      'REVOKE DELETE ON ledger_head FROM PUBLIC',
      'holds DELETE on ledger_head',
    ],
    [
      'a right to empty the log of heads',
      'GRANT TRUNCATE ON heads_leaf TO countersign_runtime',
      'REVOKE TRUNCATE ON heads_leaf FROM countersign_runtime',
      'holds TRUNCATE on heads_leaf',
    ],
    [
      'a trigger that is switched off',
      'ALTER TABLE ledger_tile DISABLE TRIGGER append_only_rows',
      'ALTER TABLE ledger_tile ENABLE ALWAYS TRIGGER append_only_rows',
      'append_only_rows that protects ledger_tile',
    ],
    [
      'a trigger that replicas do not fire',
      'ALTER TABLE ledger_entry ENABLE TRIGGER append_only_recheck',
      'ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER append_only_recheck',
      'append_only_recheck that protects ledger_entry',
    ],
    [
      'a trigger that is gone',
      'ALTER TRIGGER append_only_recheck ON ledger_entry RENAME TO other',
      'ALTER TRIGGER other ON ledger_entry RENAME TO append_only_recheck',
      'append_only_recheck that protects ledger_entry',
    ],
    [
      'row-level security that is not forced',
      'ALTER TABLE ledger_payload NO FORCE ROW LEVEL SECURITY',
      'ALTER TABLE ledger_payload FORCE ROW LEVEL SECURITY',
      'Row-level security of ledger_payload',
    ],
  ];
  it.each(faults)('refuses %s and names it', async (_, damage, repair, said) => {
    await test.asOwner(damage);
    try {
      expect(await verdict(false)).toMatchObject({
        code: 'UNPROTECTED',
        publicMessage: expect.stringContaining(said) as string,
      });
    } finally {
      await test.asOwner(repair);
    }
    expect(await verdict(false)).toBe('fit');
  });

  it('knows the event triggers, and which of them are missing', async () => {
    const missing = (): Promise<string[]> => test.database.global(missingEventTriggers);
    expect(await missing()).toEqual([]);
    await test.asOwner('ALTER EVENT TRIGGER countersign_guard_drop DISABLE');
    expect(await missing()).toEqual(['countersign_guard_drop']);
  });
});
