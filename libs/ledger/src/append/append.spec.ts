import { fixedClock } from '@countersign/kernel';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { ledgerProblems } from '../testing/check-ledger.js';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';
import { testVault } from '../../../../test/support/vault.js';

describe('append', () => {
  let fixture: LedgerFixture;
  const clock = fixedClock(new Date('2026-11-21T06:00:00.000Z'));
  const queries = new LedgerQueries({ vault: testVault() });
  beforeAll(async () => {
    fixture = await ledgerFixture(clock);
  });
  afterAll(() => fixture.end());
  const sizeOf = (tenantId: Parameters<typeof fixture.test.database.read>[0]): Promise<bigint> =>
    fixture.test.database.read(tenantId, (tx) => queries.size(tx));

  it('keeps every entry once, chained and hashed, with its payload, disclosures and evidence', async () => {
    const tenantId = await fixture.tenant();
    const results = await Promise.all(
      Array.from({ length: 1_300 }, (_, n) =>
        fixture.ledger.append(tenantId, [n % 3 === 0 ? commanded(n) : delivered(n)]),
      ),
    );
    const sequences = results.map(([result]) => Number(result?.sequence)).sort((a, b) => a - b);
    expect(sequences).toEqual(Array.from({ length: 1_300 }, (_, n) => n));
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  it('stores the drafts of one call side by side, in their order', async () => {
    const tenantId = await fixture.tenant();
    const calls = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        fixture.ledger.append(
          tenantId,
          Array.from({ length: 60 }, (__, i) => delivered(`${n}-${i}`)),
        ),
      ),
    );
    for (const results of calls) {
      const first = results[0]?.sequence ?? 0n;
      expect(results.map((result) => result.sequence - first)).toEqual(
        Array.from({ length: 60 }, (_, i) => BigInt(i)),
      );
    }
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  it('crosses tile borders of both levels alike in one call and in many', async () => {
    const tenantId = await fixture.tenant();
    let n = 0;
    for (const size of [255, 1, 1, 254, 2, 600, 143, 1]) {
      const drafts = Array.from({ length: size }, () => delivered(n++));
      if (size < 3) {
        await fixture.test.database.sqlTransaction(tenantId, (tx) =>
          fixture.ledger.appendInTx(tx, drafts),
        );
      } else await fixture.ledger.append(tenantId, drafts);
      expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
    }
  });

  it('answers a repetition with the first sequence and adds nothing', async () => {
    const tenantId = await fixture.tenant();
    const [first, inBatch] = await fixture.ledger.append(tenantId, [delivered(1), delivered(1)]);
    const [again, fresh] = await fixture.ledger.append(tenantId, [delivered(1), delivered(2)]);
    const inTx = await fixture.test.database.sqlTransaction(tenantId, (tx) =>
      fixture.ledger.appendInTx(tx, [delivered(1), delivered(2)]),
    );
    expect(first).toMatchObject({ sequence: 0n, duplicate: false, conflict: false });
    expect(inBatch).toEqual({ ...first, duplicate: true });
    expect(again).toEqual({ ...first, duplicate: true });
    expect(fresh).toMatchObject({ sequence: 1n, duplicate: false });
    expect(inTx).toEqual([again, { ...fresh, duplicate: true }]);
    expect(await sizeOf(tenantId)).toBe(2n);
  });

  it('takes a command that is repeated a little later for a repetition', async () => {
    const tenantId = await fixture.tenant();
    await fixture.ledger.append(tenantId, [commanded(1)]);
    const later = commanded(1, { occurredAt: new Date('2026-11-20T09:30:00.000Z') });
    const [again] = await fixture.ledger.append(tenantId, [later]);
    expect(again).toMatchObject({ sequence: 0n, duplicate: true, conflict: false });
  });

  it('keeps a delivery with other content as a conflict, once, with its bytes', async () => {
    const tenantId = await fixture.tenant();
    const other = delivered(1, {
      evidence: { bytes: Buffer.from('{"version":"666"}'), mediaType: 'application/json' },
    });
    const [, inBatch] = await fixture.ledger.append(tenantId, [delivered(1), other]);
    const [again] = await fixture.ledger.append(tenantId, [other]);
    const [inTx] = await fixture.test.database.sqlTransaction(tenantId, (tx) =>
      fixture.ledger.appendInTx(tx, [other]),
    );
    for (const result of [inBatch, again, inTx]) {
      expect(result).toMatchObject({ sequence: 0n, duplicate: false, conflict: true });
    }
    expect(await sizeOf(tenantId)).toBe(2n);
    const entry = await fixture.test.database.read(tenantId, (tx) => queries.entry(tx, 1n));
    expect(entry).toMatchObject({
      type: 'delivery.conflict',
      subject: 'delivery/delivery-1',
      payload: { data: { deliveryId: 'delivery-1', firstSequence: '0' } },
    });
    expect(Buffer.from(entry?.evidence?.bytes ?? []).toString()).toBe('{"version":"666"}');
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  it('mixes repetitions, conflicts and new drafts of many callers without loss', async () => {
    const tenantId = await fixture.tenant();
    const calls = Array.from({ length: 600 }, (_, n) => {
      const draft = delivered(n % 200);
      const bytes = Buffer.from(`{"other":${n % 7}}`);
      return n % 5 === 0 ? { ...draft, evidence: { bytes, mediaType: 'application/json' } } : draft;
    });
    const results = await Promise.all(
      calls.map(async (draft) => (await fixture.ledger.append(tenantId, [draft]))[0]),
    );
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
    const fresh = results.filter((result) => result?.duplicate === false && !result.conflict);
    expect(fresh).toHaveLength(200);
    const again = await fixture.ledger.append(tenantId, calls);
    expect(again.filter((result) => !result.duplicate && !result.conflict)).toEqual([]);
  });

  it('leaves nothing of a transaction that was rolled back', async () => {
    const tenantId = await fixture.tenant();
    await fixture.ledger.append(tenantId, [delivered(1)]);
    await expect(
      fixture.test.database.sqlTransaction(tenantId, async (tx) => {
        await fixture.ledger.appendInTx(tx, [delivered(2), delivered(3)]);
        throw new Error('the command failed');
      }),
    ).rejects.toThrow('the command failed');
    const [next] = await fixture.ledger.append(tenantId, [delivered(3)]);
    expect(next).toMatchObject({ sequence: 1n, duplicate: false });
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  it('never lets recordedAt decrease when the clock is set back', async () => {
    const tenantId = await fixture.tenant();
    clock.set(new Date('2026-11-21T07:00:00.000Z'));
    await fixture.ledger.append(tenantId, [delivered(1)]);
    clock.set(new Date('2026-11-21T06:00:00.000Z'));
    await fixture.ledger.append(tenantId, [delivered(2)]);
    const entry = await fixture.test.database.read(tenantId, (tx) => queries.entry(tx, 1n));
    expect(entry?.recordedAt.toISOString()).toBe('2026-11-21T07:00:00.000Z');
  });

  it.each([
    ['an unknown type', { type: 'no.such_type' as never }],
    ['a lone surrogate', { subject: 'model/\ud800' }],
    ['a NUL', { delivery: 'a\0b' }],
    ['an empty delivery', { delivery: '' }],
    ['a delivery that is too long', { delivery: 'x'.repeat(513) }],
    ['no moment', { occurredAt: new Date(Number.NaN) }],
    ['a number without canonical form', { data: { n: Number.POSITIVE_INFINITY } }],
  ])('refuses %s without failing the drafts of others', async (_, overrides) => {
    const tenantId = await fixture.tenant();
    const good = fixture.ledger.append(tenantId, [delivered('good')]);
    await expect(
      fixture.ledger.append(tenantId, [delivered('bad', overrides)]),
    ).rejects.toMatchObject({ code: 'INVALID_DRAFT' });
    await expect(good).resolves.toMatchObject([{ sequence: 0n }]);
  });

  it('says so when the log is not open', async () => {
    const tenantId = await fixture.test.tenant('closed');
    await expect(fixture.ledger.append(tenantId, [delivered(1)])).rejects.toMatchObject({
      code: 'LOG_NOT_OPEN',
    });
  });

  it('sheds load beyond its queue and keeps what it took', async () => {
    const tenantId = await fixture.tenant();
    const small = fixture.replica({ queueLimit: 50 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 90 }, (_, n) => small.append(tenantId, [delivered(n)])),
    );
    const shed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(shed.length).toBeGreaterThan(0);
    for (const { reason } of shed) {
      expect(reason).toMatchObject({ code: 'OVERLOADED', details: { retryAfterSeconds: 1 } });
    }
    expect(await sizeOf(tenantId)).toBe(BigInt(90 - shed.length));
  });

  it('opens a log once, with an origin of its own that stays', async () => {
    const tenantId = await fixture.tenant();
    const log = (): ReturnType<typeof queries.log> =>
      fixture.test.database.read(tenantId, (tx) => queries.log(tx));
    const opened = await log();
    await fixture.test.database.sqlTransaction(tenantId, (tx) => fixture.ledger.openLog(tx));
    expect(await log()).toEqual(opened);
    expect(opened?.origin).toBe(`countersign.local/${opened?.logId ?? ''}`);
  });
});
