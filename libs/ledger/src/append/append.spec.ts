import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { LedgerQueries } from '../reads/ledger-queries.js';

describe('append', () => {
  let fixture: LedgerFixture;
  beforeAll(async () => {
    fixture = await ledgerFixture();
  });
  afterAll(() => fixture.end());
  const queries = new LedgerQueries();

  it('numbers entries from 0 without a gap and answers when they are durable', async () => {
    const tenantId = await fixture.tenant();
    const results = await Promise.all(
      Array.from({ length: 700 }, (_, n) => fixture.ledger.append(tenantId, [delivered(n)])),
    );
    const sequences = results.map(([result]) => Number(result?.sequence)).sort((a, b) => a - b);
    expect(sequences).toEqual(Array.from({ length: 700 }, (_, n) => n));
    const first = await fixture.test.database.read(tenantId, (tx) => queries.entry(tx, 0n));
    expect(first).toMatchObject({ sequence: 0n, tier: 'sequenced' });
    expect(first?.payload).toMatchObject({ data: { tags: [{ key: 'team', value: 'risk' }] } });
  });

  it('answers a repeated delivery with the first sequence and adds nothing', async () => {
    const tenantId = await fixture.tenant();
    const [first] = await fixture.ledger.append(tenantId, [delivered(1)]);
    const [again] = await fixture.ledger.append(tenantId, [delivered(1)]);
    expect(again).toEqual({ ...first, duplicate: true });
    const size = await fixture.test.database.read(tenantId, (tx) => queries.size(tx));
    expect(size).toBe(1n);
  });
});
