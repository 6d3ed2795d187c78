import type { TenantId } from '@countersign/kernel';
import { testVault } from '../../../../test/support/vault.js';
import { commanded, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { verifyLive, type LiveVerdict } from './verify-live.js';

describe('an index that lacks entries', () => {
  let fixture: LedgerFixture;
  beforeAll(async () => {
    fixture = await ledgerFixture();
  });
  afterAll(() => fixture.end());

  const verify = (tenantId: TenantId, level: 'headers' | 'payloads'): Promise<LiveVerdict> =>
    verifyLive(fixture.test.database, tenantId, { vault: testVault(), level });

  it.each(['type', 'subject', 'actor'])('over %s is found', async (column) => {
    const tenantId = await fixture.tenant();
    const append = (from: number): Promise<unknown> =>
      fixture.ledger.append(
        tenantId,
        Array.from({ length: 20 }, (_, n) => commanded(`${column}-${from + n}`)),
      );
    // Not ready: PostgreSQL leaves the index as it is when rows come.
    const ready = (is: boolean): Promise<unknown> =>
      fixture.test.asOwner(
        `UPDATE pg_index SET indisready = ${String(is)}
         WHERE indexrelid = 'ledger_entry_tenant_id_${column}_seq_idx'::regclass`,
      );
    await append(0);
    expect(await verify(tenantId, 'payloads')).toMatchObject({ ok: true, size: 20n });
    await ready(false);
    await append(20);
    await ready(true);
    expect(await verify(tenantId, 'payloads')).toMatchObject({
      ok: false,
      rule: 'INDEX_MISMATCH',
      expected: expect.stringContaining(column) as string,
    });
    // The mutant that looks at entries alone sees nothing.
    expect(await verify(tenantId, 'headers')).toMatchObject({ ok: true, size: 40n });
  });
});
