import type { TenantId } from '@countersign/kernel';
import { ledgerProblems } from '../testing/check-ledger.js';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';

const CALLERS = 128;
/** Far more than a turn of the tenant. */
const ROUNDS = 40;

describe('a tenant that always has more to write', () => {
  let fixture: LedgerFixture;
  beforeAll(async () => {
    fixture = await ledgerFixture();
  });
  afterAll(() => fixture.end());

  it('lets others have the only connection in between, and commands its head', async () => {
    const [busy, other] = [await fixture.tenant(), await fixture.tenant()];
    const ledger = fixture.replica({ connections: 1 });
    let written = 0;
    const caller = async (name: number): Promise<void> => {
      for (let round = 0; round < ROUNDS; round++) {
        await ledger.append(busy, [delivered(`${name}-${round}`)]);
        written++;
      }
    };
    const callers = Promise.all(Array.from({ length: CALLERS }, (_, name) => caller(name)));
    while (written < CALLERS) await ledger.append(busy, [delivered(`first-${written}`)]);
    const asked = written;
    await ledger.append(other, [delivered('theirs')]);
    const writtenBefore = written - asked;
    await fixture.test.database.sqlTransaction(busy, (tx) => ledger.appendInTx(tx, [commanded(1)]));
    await callers;
    // Two turns and the batch that was under way, at most: never the whole of it.
    expect(writtenBefore).toBeLessThan((CALLERS * ROUNDS) / 2);
    for (const tenantId of [busy, other])
      expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
    expect(await entriesOf(busy)).toBeGreaterThan(CALLERS * ROUNDS);
  });

  async function entriesOf(tenantId: TenantId): Promise<number> {
    const [row] = await fixture.test.asOwner<{ n: number }>(
      'SELECT count(*)::int AS n FROM ledger_entry WHERE tenant_id = $1',
      [tenantId],
    );
    return row?.n ?? 0;
  }
});
