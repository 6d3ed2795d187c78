import { generateKeyPairSync } from 'node:crypto';
import { fixedClock } from '@countersign/kernel';
import { CheckpointSigner, HeadsSequencer, SigningKeys } from '@countersign/ledger';
import {
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../../../../libs/ledger/src/testing/ledger-fixture.js';
import { Lags } from './lags.js';

describe('the lag of checkpoints and of the log of heads', () => {
  const clock = fixedClock(new Date('2026-11-21T06:00:00.000Z'));
  const keys = SigningKeys.of(generateKeyPairSync('ed25519').privateKey);
  let fixture: LedgerFixture;
  beforeAll(async () => {
    fixture = await ledgerFixture(clock);
  });
  afterAll(() => fixture.end());

  it('is the age of the oldest thing that waits, in seconds, and zero when nothing does', async () => {
    const { database } = fixture.test;
    const lags = new Lags(database, [], clock);
    const at = (seconds: number): void => {
      clock.set(new Date(Date.UTC(2026, 10, 21, 6, 0, seconds)));
    };
    const seconds = async (): Promise<[number, number]> => {
      const { checkpointSeconds, headsSeconds } = await lags.read();
      return [checkpointSeconds, headsSeconds];
    };
    const heads = new HeadsSequencer({ database, clock, keys });
    expect(await seconds()).toEqual([0, 0]);
    const tenantId = await fixture.tenant();
    at(2);
    expect(await seconds()).toEqual([0, 2]);
    await heads.runOnce();
    await fixture.ledger.append(tenantId, [delivered(1)]);
    at(5);
    await fixture.ledger.append(tenantId, [delivered(2)]);
    expect(await seconds()).toEqual([3, 0]);
    const signer = new CheckpointSigner({ database, clock, keys });
    await signer.signNow(tenantId);
    at(9);
    await fixture.ledger.append(tenantId, [delivered(3)]);
    await signer.signNow(tenantId);
    expect(await seconds()).toEqual([0, 4]);
    await heads.runOnce();
    expect(await seconds()).toEqual([0, 0]);
  });
});
