import { generateKeyPairSync } from 'node:crypto';
import { systemClock, type TenantId } from '@countersign/kernel';
import { testVault } from '../../../../test/support/vault.js';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import { HeadsSequencer } from '../heads/heads-sequencer.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { sweepLedgers, type SweepOutcome } from './sweep.js';

describe('sweepLedgers', () => {
  let fixture: LedgerFixture;
  const keys = SigningKeys.of(generateKeyPairSync('ed25519').privateKey);
  beforeEach(async () => {
    fixture = await ledgerFixture();
  });
  afterEach(() => fixture.end());

  const ledgerOf = async (count: number): Promise<TenantId> => {
    const tenantId = await fixture.tenant();
    const drafts = Array.from({ length: count }, (_, n) => delivered(n));
    await fixture.ledger.append(tenantId, drafts);
    const { database } = fixture.test;
    await new CheckpointSigner({ database, clock: systemClock, keys }).signNow(tenantId);
    return tenantId;
  };
  const publish = async (): Promise<void> => {
    const { database } = fixture.test;
    await new HeadsSequencer({ database, clock: systemClock, keys }).runOnce();
  };
  const sweep = async (): Promise<SweepOutcome[]> => {
    const { ledger, test } = fixture;
    const outcomes: SweepOutcome[] = [];
    const context = {
      ledger,
      keys,
      database: test.database,
      vault: testVault(),
      clock: systemClock,
    };
    for await (const outcome of sweepLedgers(context)) outcomes.push(outcome);
    return outcomes;
  };
  const typesOf = (tenantId: TenantId): Promise<string[]> =>
    fixture.test.database.read(tenantId, async (tx) => {
      const queries = new LedgerQueries({ vault: testVault() });
      const found = await queries.range(tx, { after: 2n, limit: 10 });
      return found.map(({ type }) => type);
    });

  it('records that a ledger holds', async () => {
    const tenants = [await ledgerOf(3), await ledgerOf(3)];
    await publish();
    expect(await sweep()).toEqual(tenants.map((tenantId) => ({ ok: true, tenantId, size: 3n })));
    for (const tenantId of tenants) expect(await typesOf(tenantId)).toEqual(['ledger.verified']);
  });

  it('stops appends to a ledger that does not hold, and to no other', async () => {
    const [bad, good] = [await ledgerOf(3), await ledgerOf(3)];
    await publish();
    await fixture.test.asOwner('ALTER TABLE ledger_entry DISABLE TRIGGER USER');
    await fixture.test.asOwner(
      `UPDATE ledger_entry SET actor = 'user:eve' WHERE seq = 1 AND tenant_id = $1`,
      [bad],
    );
    await fixture.test.asOwner('ALTER TABLE ledger_entry ENABLE TRIGGER USER');
    const [found, other] = await sweep();
    expect(found).toMatchObject({
      ok: false,
      tenantId: bad,
      fault: { sequence: 1n, rule: 'COLUMN_MISMATCH' },
    });
    expect(other).toMatchObject({ ok: true, tenantId: good });
    expect(await typesOf(bad)).toEqual(['ledger.verification_failed']);
    await expect(fixture.ledger.append(bad, [delivered('later')])).rejects.toMatchObject({
      code: 'READ_ONLY',
    });
    await fixture.ledger.append(good, [delivered('later')]);
    expect(await sweep()).toMatchObject([{ ok: false, tenantId: bad }, { ok: true }]);
  });

  it('misses a ledger that is gone, and a tail that is gone with its checkpoint', async () => {
    const [gone, short] = [await ledgerOf(3), await ledgerOf(3)];
    await publish();
    for (const table of [
      'log',
      'head',
      'entry',
      'payload',
      'checkpoint',
      'delivery',
      'disclosure',
      'evidence',
    ]) {
      await fixture.test.asOwner(`ALTER TABLE ledger_${table} DISABLE TRIGGER USER`);
      await fixture.test.asOwner(`DELETE FROM ledger_${table} WHERE tenant_id = $1`, [gone]);
    }
    await fixture.test.asOwner('DELETE FROM ledger_checkpoint WHERE tenant_id = $1', [short]);
    await fixture.test.asOwner('DELETE FROM ledger_entry WHERE seq = 2 AND tenant_id = $1', [
      short,
    ]);
    const outcomes = await sweep();
    expect(outcomes).toMatchObject([
      { ok: false, tenantId: null, fault: { rule: 'LEDGER_MISSING' } },
      { ok: false, tenantId: short, fault: { rule: 'ENTRIES_MISSING', sequence: 2n } },
    ]);
  });
});
