import { generateKeyPairSync } from 'node:crypto';
import { systemClock } from '@countersign/kernel';
import {
  CheckpointSigner,
  HeadsSequencer,
  LedgerService,
  SigningKeys,
  type SweepOutcome,
} from '@countersign/ledger';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { testVault } from '../../../../test/support/vault.js';
import { LedgerSweep, nextSweep } from './ledger-sweep.js';

describe('LedgerSweep', () => {
  let test: TestDatabase;
  let ledger: LedgerService;
  const keys = SigningKeys.of(generateKeyPairSync('ed25519').privateKey);
  beforeAll(async () => {
    test = await createTestDatabase();
    ledger = new LedgerService({ database: test.database, clock: systemClock, vault: testVault() });
    const tenantId = await test.tenant();
    await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
    const at = { database: test.database, clock: systemClock, keys };
    await new CheckpointSigner(at).signNow(tenantId);
    await new HeadsSequencer(at).runOnce();
  });
  afterAll(async () => {
    await ledger.close();
    await test.drop();
  });

  const sweep = (outcomes: SweepOutcome[]): LedgerSweep =>
    new LedgerSweep({
      ...{ ledger, keys, database: test.database, vault: testVault(), clock: systemClock },
      atMinute: 150,
      onOutcome: (outcome) => outcomes.push(outcome),
      onFailure: () => undefined,
    });

  it('looks at every ledger, in one replica at a time', async () => {
    const outcomes: SweepOutcome[] = [];
    await Promise.all([sweep(outcomes).runOnce(), sweep(outcomes).runOnce()]);
    expect(outcomes.length === 1 || outcomes.length === 2).toBe(true);
    const before = outcomes.length;
    const client = await test.database.connect();
    await client.query('SELECT pg_advisory_lock(72707373)');
    await sweep(outcomes).runOnce();
    await client.query('SELECT pg_advisory_unlock(72707373)');
    client.release();
    expect(outcomes).toHaveLength(before);
  });

  it('stops while it waits for the night', async () => {
    const waiting = sweep([]);
    waiting.start();
    await waiting.stop();
  });

  it.each([
    ['2026-11-21T02:29:59.999Z', '2026-11-21T02:30:00.000Z'],
    ['2026-11-21T02:30:00.000Z', '2026-11-22T02:30:00.000Z'],
    ['2026-12-31T23:00:00.000Z', '2027-01-01T02:30:00.000Z'],
  ])('is due next after %s at %s', (now, next) => {
    const clock = { ...systemClock, now: () => new Date(now) };
    expect(nextSweep(clock, 150).toISOString()).toBe(next);
  });
});
