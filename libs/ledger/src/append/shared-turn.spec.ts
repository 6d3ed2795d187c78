import type { TenantId } from '@countersign/kernel';
import { ledgerProblems } from '../testing/check-ledger.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import type { LedgerService } from '../ledger-service.js';

const TENANTS = 20;

describe('entries of several tenants in one transaction', () => {
  let fixture: LedgerFixture;
  let tenants: TenantId[];
  beforeAll(async () => {
    fixture = await ledgerFixture();
  });
  afterAll(() => fixture.end());
  beforeEach(async () => {
    tenants = [];
    for (let n = 0; n < TENANTS; n++) tenants.push(await fixture.tenant());
  });

  /** One entry for each tenant at once, and what became of it. */
  const toAll = (ledger: LedgerService, name: string): Promise<PromiseSettledResult<unknown>[]> =>
    Promise.allSettled(tenants.map((tenantId) => ledger.append(tenantId, [delivered(name)])));
  const recorded = (results: readonly PromiseSettledResult<unknown>[]): number =>
    results.filter(({ status }) => status === 'fulfilled').length;

  /** Transactions that wrote the entries of a delivery, of all tenants of this test. */
  async function transactions(delivery: string): Promise<number> {
    const rows = await fixture.test.asOwner(
      'SELECT count(DISTINCT xmin::text)::int AS n FROM ledger_entry WHERE delivery = $1 AND tenant_id = ANY($2)',
      [delivery, tenants],
    );
    return (rows as { n: number }[])[0]?.n ?? Number.NaN;
  }
  async function expectWhole(): Promise<void> {
    for (const tenantId of tenants) {
      expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
    }
  }

  it('costs far fewer transactions than entries, and each tenant has its own chain', async () => {
    expect(recorded(await toAll(fixture.ledger, 'first'))).toBe(TENANTS);
    expect(recorded(await toAll(fixture.ledger, 'second'))).toBe(TENANTS);
    expect(await transactions('delivery-second')).toBeLessThanOrEqual(TENANTS / 4);
    await expectWhole();
  });

  it('does not wait for ever where two replicas want the same heads', async () => {
    const replicas = [fixture.ledger, fixture.replica()];
    const rounds = await Promise.all(
      replicas.flatMap((replica, r) =>
        Array.from({ length: 4 }, (_, n) => toAll(replica, `${r}-${n}`)),
      ),
    );
    expect(rounds.map(recorded)).toEqual(rounds.map(() => TENANTS));
    await expectWhole();
    // What was acknowledged is there: nobody was answered for a batch whose head had moved.
    const rows = await fixture.test.asOwner(
      'SELECT count(*)::int AS n FROM ledger_entry WHERE tenant_id = ANY($1) GROUP BY tenant_id',
      [tenants],
    );
    expect(rows).toEqual(tenants.map(() => ({ n: rounds.length })));
  });

  it('keeps a frozen tenant, a repetition and a conflict from the others', async () => {
    await toAll(fixture.ledger, 'before');
    const [frozen, repeated, conflicting] = tenants as [TenantId, TenantId, TenantId];
    await fixture.test.database.sqlTransaction(frozen, (tx) => fixture.ledger.freeze(tx, 'test'));
    const other = { evidence: { bytes: Buffer.from('other'), mediaType: 'text/plain' } };
    const results = await Promise.allSettled(
      tenants.map((tenantId) => {
        if (tenantId === repeated) return fixture.ledger.append(tenantId, [delivered('before')]);
        const draft = tenantId === conflicting ? delivered('before', other) : delivered('after');
        return fixture.ledger.append(tenantId, [draft]);
      }),
    );
    expect(results[0]).toMatchObject({ status: 'rejected', reason: { code: 'READ_ONLY' } });
    expect(results[1]).toMatchObject({ value: [{ sequence: 0n, duplicate: true }] });
    expect(results[2]).toMatchObject({ value: [{ sequence: 0n, conflict: true }] });
    expect(recorded(results.slice(3))).toBe(TENANTS - 3);
    for (const result of results.slice(3)) {
      expect(result).toMatchObject({ value: [{ sequence: 1n, duplicate: false }] });
    }
    await expectWhole();
  });

  it('keeps a tenant whose log was never opened from the others', async () => {
    const [last] = tenants.splice(-1, 1, await fixture.test.tenant(`closed-${tenants.length}`));
    const results = await toAll(fixture.ledger, 'first');
    expect(results.at(-1)).toMatchObject({
      status: 'rejected',
      reason: { code: 'LOG_NOT_OPEN' },
    });
    expect(recorded(results)).toBe(TENANTS - 1);
    if (last !== undefined) tenants.splice(-1, 1, last);
    await expectWhole();
  });

  it('lets a head that a command holds keep only its own tenant waiting', async () => {
    await toAll(fixture.ledger, 'before');
    const [held] = tenants as [TenantId];
    const results = await fixture.test.database.sqlTransaction(held, async (tx) => {
      await tx.query('SELECT size FROM ledger_head WHERE tenant_id = $1 FOR UPDATE', [held]);
      const waiting = tenants.map((tenantId) =>
        fixture.ledger.append(tenantId, [delivered('after')]),
      );
      // The others are durable while the head is still held.
      const others = await Promise.all(waiting.slice(1));
      return { others, first: waiting[0] };
    });
    expect(results.others).toHaveLength(TENANTS - 1);
    expect(await results.first).toMatchObject([{ sequence: 1n, duplicate: false }]);
    await expectWhole();
  });
});
