import { Database } from '@countersign/database';
import { systemClock, type TenantId } from '@countersign/kernel';
import { ledgerProblems } from '../testing/check-ledger.js';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';
import { GroupCommit } from './group-commit.js';
import { APPEND_SQL } from './statement.js';
import { testVault } from '../../../../test/support/vault.js';

const COMPARISON = ' AND size = $2::bigint';

describe('appends of several replicas to one tenant', () => {
  let fixture: LedgerFixture;
  beforeAll(async () => {
    fixture = await ledgerFixture();
  });
  afterAll(() => fixture.end());

  it('neither fork nor leave a gap, commands among them', async () => {
    const tenantId = await fixture.tenant();
    const replicas = [fixture.ledger, fixture.replica(), fixture.replica()];
    const appends = replicas.flatMap((replica, r) =>
      Array.from({ length: 150 }, (_, n) => replica.append(tenantId, [delivered(`${r}-${n}`)])),
    );
    const commands = Array.from({ length: 30 }, (_, n) =>
      fixture.test.database.sqlTransaction(tenantId, (tx) =>
        fixture.ledger.appendInTx(tx, [commanded(n)]),
      ),
    );
    const results = (await Promise.all([...appends, ...commands])).flat();
    const sequences = new Set(results.map((result) => result.sequence));
    expect(sequences.size).toBe(480);
    expect(results.filter((result) => result.duplicate || result.conflict)).toEqual([]);
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  it('record a delivery that reaches all of them once', async () => {
    const tenantId = await fixture.tenant();
    const replicas = [fixture.ledger, fixture.replica(), fixture.replica()];
    const results = await Promise.all(
      Array.from({ length: 120 }, (_, n) =>
        replicas.map((replica) => replica.append(tenantId, [delivered(n)])),
      ).flat(),
    );
    const fresh = results.flat().filter((result) => !result.duplicate);
    expect(fresh).toHaveLength(120);
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  // The primary key on (tenant, seq) is a second net under the compared head. It is taken away here, so that the
  // comparison stands alone, and then the comparison too.
  describe('without the primary key of the entries', () => {
    let databases: Database[];
    beforeAll(async () => {
      await fixture.test.asOwner('ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_pkey');
      await fixture.test.asOwner('ALTER TABLE ledger_payload DROP CONSTRAINT ledger_payload_pkey');
      await fixture.test.asOwner(
        'ALTER TABLE ledger_evidence DROP CONSTRAINT ledger_evidence_pkey',
      );
      await fixture.test.asOwner(
        'ALTER TABLE ledger_disclosure DROP CONSTRAINT ledger_disclosure_pkey',
      );
      databases = [1, 2].map(() => new Database({ connectionString: fixture.test.url, max: 4 }));
    });
    afterAll(() => Promise.all(databases.map((database) => database.close())));

    async function race(appendSql: string): Promise<string[]> {
      const tenantId: TenantId = await fixture.tenant();
      const writers = databases.map(
        (database) =>
          new GroupCommit({
            vault: testVault(),
            database,
            clock: systemClock,
            connections: 1,
            queueLimit: 10_000,
            patienceMs: 10_000,
            onAppended: () => undefined,
            appendSql,
          }),
      );
      await Promise.all(
        writers.flatMap((writer, w) =>
          Array.from({ length: 40 }, (_, n) => writer.append(tenantId, [delivered(`${w}-${n}`)])),
        ),
      );
      await Promise.all(
        writers.flatMap((writer, w) =>
          Array.from({ length: 40 }, (_, n) => writer.append(tenantId, [delivered(`${w}+${n}`)])),
        ),
      );
      await Promise.all(writers.map((writer) => writer.close()));
      return ledgerProblems(fixture.test, tenantId);
    }

    it('the compared head alone keeps the chain whole', async () => {
      expect(await race(APPEND_SQL)).toEqual([]);
    });

    it('mutant: without the comparison the check finds a fork', async () => {
      expect(APPEND_SQL).toContain(COMPARISON);
      const connections = databases;
      databases = [1, 2].map(() => new Database({ connectionString: fixture.test.url, max: 4 }));
      const problems = await race(APPEND_SQL.replace(COMPARISON, ''));
      databases.push(...connections);
      expect(problems.some((problem) => problem.startsWith('a gap'))).toBe(true);
    });
  });
});
