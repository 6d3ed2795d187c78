import { generateKeyPairSync } from 'node:crypto';
import { parseVerifierKey, verifyCheckpoint, verifyRotation } from '@countersign/chain';
import { systemClock, type TenantId } from '@countersign/kernel';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import { checkHeads } from '../testing/check-heads.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { HeadsQueries } from './heads-queries.js';
import { HeadsSequencer } from './heads-sequencer.js';
import { keyHistory } from './key-history.js';

describe('a rotation of the signing key', () => {
  let fixture: LedgerFixture;
  let tenantId: TenantId;
  const [first, second, third] = [1, 2, 3].map(() => generateKeyPairSync('ed25519').privateKey);
  if (first === undefined || second === undefined || third === undefined) throw new Error('keys');
  const queries = new HeadsQueries();
  const [old, overlap, young] = [
    SigningKeys.of(first),
    SigningKeys.of(second, first),
    SigningKeys.of(second),
  ];
  beforeEach(async () => {
    fixture = await ledgerFixture();
    tenantId = await fixture.tenant();
  });
  afterEach(() => fixture.end());

  let n = 0;
  const grow = async (keys: SigningKeys): Promise<string> => {
    await fixture.ledger.append(tenantId, [delivered(n++)]);
    const { database } = fixture.test;
    const signer = new CheckpointSigner({ database, clock: systemClock, keys });
    return (await signer.signNow(tenantId))?.note ?? '';
  };
  const failures: unknown[] = [];
  const run = (keys: SigningKeys): Promise<unknown> =>
    new HeadsSequencer({
      database: fixture.test.database,
      clock: systemClock,
      keys,
      onFailure: (error) => failures.push(error),
    }).runOnce();
  const read = <T>(work: (db: never) => Promise<T>): Promise<T> =>
    fixture.test.database.global(work as never);
  const newest = () => read((db) => queries.checkpoint(db, { published: true }));

  it('is a leaf in which the old key names the new one, once, and both sign meanwhile', async () => {
    await grow(old);
    await run(old);
    const before = await newest();
    await Promise.all([run(overlap), run(overlap)]);
    await run(overlap);
    const log = await read((db) => queries.current(db));
    if (log === null || before === null) throw new Error('no log');
    const history = await read((db) => keyHistory(db, log));
    expect(history).toHaveLength(1);
    const [rotation] = history;
    if (rotation === undefined) throw new Error('no rotation');
    const [newKey, oldKey] = overlap.verifiers(log.origin).map(({ vkey }) => vkey);
    expect(rotation).toMatchObject({ newKey, oldKey, origin: log.origin });
    expect(verifyRotation(rotation)?.vkey).toBe(newKey);

    await grow(overlap);
    await run(overlap);
    await grow(young);
    await run(young);
    await checkHeads(fixture.test);
    const notes = await fixture.test.asOwner<{ note: string }>(
      'SELECT note FROM heads_checkpoint ORDER BY size',
    );
    const signedBy = (vkey = ''): boolean[] =>
      notes.map(
        ({ note }) =>
          verifyCheckpoint(note, { origin: log.origin, logKeys: [parseVerifierKey(vkey)] }).ok,
      );
    expect(signedBy(oldKey)).toEqual([true, true, true, false]);
    expect(signedBy(newKey)).toEqual([false, true, true, true]);
    expect(failures).toEqual([]);
  });

  it('still takes heads from checkpoints that only the old key signed', async () => {
    await run(old);
    await run(overlap);
    await grow(old);
    await run(young);
    expect(failures).toEqual([]);
    expect(await checkHeads(fixture.test)).toHaveLength(3);
  });

  it('with a key that nobody introduced signs nothing', async () => {
    await grow(old);
    await run(old);
    await grow(old);
    await fixture.tenant();
    const stranger = SigningKeys.of(third);
    await expect(run(stranger)).rejects.toMatchObject({ code: 'SIGNING_KEY' });
    expect((await newest())?.size).toBe(2n);
    await run(SigningKeys.of(third, first));
    await checkHeads(fixture.test);
  });
});
