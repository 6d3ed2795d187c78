import { Database } from '@countersign/database';
import { systemClock, type TenantId } from '@countersign/kernel';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';
import { GroupCommit } from './group-commit.js';
import { APPEND_SQL } from './statement.js';
import { testVault } from '../../../../test/support/vault.js';

describe('a read-only ledger', () => {
  let fixture: LedgerFixture;
  beforeAll(async () => {
    fixture = await ledgerFixture();
  });
  afterAll(() => fixture.end());

  const inTx = <Result>(
    tenantId: TenantId,
    work: Parameters<typeof fixture.test.database.sqlTransaction<Result>>[1],
  ): Promise<Result> => fixture.test.database.sqlTransaction(tenantId, work);

  it('refuses appends to a frozen tenant by every replica, and says why', async () => {
    const tenantId = await fixture.tenant();
    const replica = fixture.replica();
    await fixture.ledger.append(tenantId, [delivered(0)]);
    await replica.append(tenantId, [delivered(1)]);
    await inTx(tenantId, (tx) => fixture.ledger.freeze(tx, 'a check failed at sequence 1'));

    const refused = {
      code: 'READ_ONLY',
      publicMessage: 'The ledger is read-only: a check failed at sequence 1.',
      details: { reason: 'a check failed at sequence 1' },
    };
    await expect(replica.append(tenantId, [delivered(2)])).rejects.toMatchObject(refused);
    await expect(fixture.ledger.append(tenantId, [delivered(3)])).rejects.toMatchObject(refused);
    await expect(
      inTx(tenantId, (tx) => replica.appendInTx(tx, [commanded(4)])),
    ).rejects.toMatchObject(refused);
    // What is recorded already can still be told.
    const [again] = await inTx(tenantId, (tx) => replica.appendInTx(tx, [delivered(0)]));
    expect(again).toMatchObject({ sequence: 0n, duplicate: true });
  });

  it('leaves other tenants alone, and goes on where it was once thawed', async () => {
    const [frozen, other] = [await fixture.tenant(), await fixture.tenant()];
    await inTx(frozen, (tx) => fixture.ledger.freeze(tx, 'for a while'));
    expect(await fixture.ledger.append(other, [delivered(0)])).toMatchObject([{ sequence: 0n }]);
    await expect(fixture.ledger.append(frozen, [delivered(0)])).rejects.toMatchObject({
      code: 'READ_ONLY',
    });
    await inTx(frozen, (tx) => fixture.ledger.thaw(tx));
    expect(await fixture.ledger.append(frozen, [delivered(0)])).toMatchObject([{ sequence: 0n }]);
  });

  it('refuses in this process alone when only it is set read-only', async () => {
    const tenantId = await fixture.tenant();
    const [stopped, running] = [fixture.replica(), fixture.replica()];
    stopped.setReadOnly({ code: 'STORE_BEHIND', reason: 'the store was rolled back' });
    expect(stopped.readOnly).toMatchObject({ code: 'STORE_BEHIND' });
    await expect(stopped.append(tenantId, [delivered(0)])).rejects.toMatchObject({
      code: 'READ_ONLY',
      details: { code: 'STORE_BEHIND' },
    });
    expect(await running.append(tenantId, [delivered(0)])).toMatchObject([{ sequence: 0n }]);
    stopped.setReadOnly(null);
    expect(await stopped.append(tenantId, [delivered(1)])).toMatchObject([{ sequence: 1n }]);
  });

  it('would take an entry after the freeze without the condition in the comparison (mutant)', async () => {
    const tenantId = await fixture.tenant();
    const database = new Database({ connectionString: fixture.test.url, max: 1 });
    const careless = new GroupCommit({
      vault: testVault(),
      database,
      clock: systemClock,
      connections: 1,
      queueLimit: 100,
      patienceMs: 10_000,
      onAppended: () => undefined,
      appendSql: APPEND_SQL.replace(' AND frozen_reason IS NULL', ''),
    });
    await careless.append(tenantId, [delivered(0)]);
    await inTx(tenantId, (tx) => fixture.ledger.freeze(tx, 'closed'));
    expect(await careless.append(tenantId, [delivered(1)])).toMatchObject([{ sequence: 1n }]);
    await careless.close();
    await database.close();
  });
});
