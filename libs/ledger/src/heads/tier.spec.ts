import { generateKeyPairSync } from 'node:crypto';
import { noteSigner, cosigner } from '@countersign/chain';
import { systemClock, type TenantId } from '@countersign/kernel';
import { testVault } from '../../../../test/support/vault.js';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { HeadsQueries } from './heads-queries.js';
import { HeadsSequencer, publishHeads } from './heads-sequencer.js';

describe('the tier of an entry', () => {
  let fixture: LedgerFixture;
  let tenantId: TenantId;
  let other: TenantId;
  const keys = SigningKeys.of(generateKeyPairSync('ed25519').privateKey);
  const queries = new LedgerQueries({ vault: testVault() });
  const heads = new HeadsQueries();
  beforeAll(async () => {
    fixture = await ledgerFixture();
    tenantId = await fixture.tenant();
    other = await fixture.tenant();
  });
  afterAll(() => fixture.end());

  let n = 0;
  const append = (id: TenantId): Promise<unknown> => fixture.ledger.append(id, [delivered(n++)]);
  const sign = (id: TenantId): Promise<unknown> =>
    new CheckpointSigner({ database: fixture.test.database, clock: systemClock, keys }).signNow(id);
  /** One round with a witness policy: its checkpoint's size. */
  const round = async (): Promise<bigint> => {
    const { database } = fixture.test;
    const options = { database, clock: systemClock, keys, publishAtOnce: false };
    return (await new HeadsSequencer(options).runOnce()).signed ?? 0n;
  };
  const publish = async (size: bigint, quorum: boolean): Promise<void> => {
    await fixture.test.database.global(async (db) => {
      const log = await heads.current(db);
      await publishHeads(db, log?.logId ?? '', size, { quorum, at: systemClock.now() });
    });
  };
  const anchor = async (size: bigint, kind: string, evidence: string): Promise<void> => {
    await fixture.test.database.global(async (db) => {
      const log = await heads.current(db);
      await db.query(
        `INSERT INTO heads_anchor (log_id, size, kind, who, evidence, at)
         VALUES ($1::uuid, $2::bigint, $3::text, 'w1', $4::bytea, $5::timestamptz)`,
        [log?.logId ?? '', size, kind, Buffer.from(evidence), systemClock.now()],
      );
    });
  };
  const tiers = (id: TenantId): Promise<string[]> =>
    fixture.test.database.read(id, async (tx) => {
      const page = await queries.entries(tx, {}, { first: 50 });
      return page.edges.map(({ node }) => node.tier);
    });
  const checkpointTier = (id: TenantId): Promise<string | undefined> =>
    fixture.test.database.read(id, async (tx) => (await queries.checkpoint(tx))?.tier);

  it('rises with what the log of heads can show for it, and only as far', async () => {
    await append(tenantId);
    await append(other);
    expect(await tiers(tenantId)).toEqual(['sequenced']);
    await sign(tenantId);
    expect(await tiers(tenantId)).toEqual(['published']);
    const first = await round();
    expect(await tiers(tenantId)).toEqual(['published']);
    await append(tenantId);
    await sign(tenantId);
    await publish(first, true);
    expect(await tiers(tenantId)).toEqual(['witnessed', 'published']);
    expect(await checkpointTier(tenantId)).toBe('published');
    const second = await round();
    await append(tenantId);
    await anchor(first, 'timestamp', 'token');
    await publish(second, true);
    expect(await tiers(tenantId)).toEqual(['timestamped', 'witnessed', 'sequenced']);
    expect(await checkpointTier(tenantId)).toBe('witnessed');
    // The other tenant's log was opened in the same checkpoints, but had no head there.
    expect(await tiers(other)).toEqual(['sequenced']);
  });

  it('stays at published where no quorum was asked for', async () => {
    await sign(other);
    const size = await round();
    await publish(size, false);
    expect(await tiers(other)).toEqual(['published']);
    await anchor(size, 'timestamp', 'token');
    expect(await tiers(other)).toEqual(['timestamped']);
  });

  it('is not raised by a time stamp of a checkpoint that nobody may see', async () => {
    await append(other);
    await sign(other);
    await anchor(await round(), 'timestamp', 'token');
    expect(await tiers(other)).toEqual(['timestamped', 'published']);
  });

  it('goes with the note of the log of heads that carries the cosignatures', async () => {
    await append(other);
    await sign(other);
    const size = await round();
    const witness = cosigner('witness.example/w1', generateKeyPairSync('ed25519').privateKey);
    const read = fixture.test.database.global.bind(fixture.test.database);
    const bare = await read((db) => heads.checkpointAt(db, size));
    const line = witness.cosign(bare?.note ?? '', systemClock.now());
    await anchor(size, 'witness', line);
    await publish(size, true);
    const shown = await read((db) => heads.checkpoint(db, { published: true }));
    expect(shown).toMatchObject({ size, note: `${bare?.note ?? ''}${line}` });
    expect(shown?.note).toContain(noteSigner(shown?.origin ?? '', keys.current).name);
    expect(await read((db) => heads.anchors(db, size))).toMatchObject([{ kind: 'witness', size }]);
  });
});
