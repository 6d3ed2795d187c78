import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { noteVerifier, verifyTlogProof, type CheckpointPolicy } from '@countersign/chain';
import { systemClock, type TenantId } from '@countersign/kernel';
import { testVault } from '../../../../test/support/vault.js';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import { HeadsQueries } from '../heads/heads-queries.js';
import { HeadsSequencer } from '../heads/heads-sequencer.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { commanded, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { entryReceipt } from './entry-receipt.js';

describe('entryReceipt', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  let fixture: LedgerFixture;
  let tenantId: TenantId;
  beforeAll(async () => {
    fixture = await ledgerFixture();
    tenantId = await fixture.tenant();
  });
  afterAll(() => fixture.end());

  const append = (from: number, count: number): Promise<unknown> =>
    fixture.ledger.append(
      tenantId,
      Array.from({ length: count }, (_, n) => commanded(from + n)),
    );
  const receipt = (sequence: bigint): ReturnType<typeof entryReceipt> =>
    fixture.test.database.read(tenantId, (tx) => entryReceipt(tx, sequence));

  it('comes with the checkpoint, and with the log of heads once that vouches for it', async () => {
    const { database } = fixture.test;
    const signing = { database, clock: systemClock, keys: SigningKeys.of(privateKey) };
    await append(0, 600);
    expect(await receipt(3n)).toEqual({ ok: false, code: 'NOT_PUBLISHED', signed: 0n });
    await new CheckpointSigner(signing).signNow(tenantId);
    expect(await receipt(3n)).toMatchObject({ ok: true, size: 600n, heads: null });
    await new HeadsSequencer(signing).runOnce();
    const queries = new LedgerQueries({ vault: testVault() });
    const [log, heads] = await database.read(tenantId, async (tx) => [
      await queries.log(tx),
      await new HeadsQueries().current(tx),
    ]);
    const pinned = (origin = ''): CheckpointPolicy => ({
      origin,
      logKeys: [noteVerifier(origin, createPublicKey(privateKey))],
    });
    for (const sequence of [0n, 255n, 256n, 599n]) {
      const found = await receipt(sequence);
      if (!found.ok || found.heads === null) throw new Error('no receipt');
      const entry = await database.read(tenantId, (tx) => queries.entry(tx, sequence));
      const data = entry?.canonical ?? Buffer.alloc(0);
      expect(verifyTlogProof(found.proof, data, pinned(log?.origin))).toMatchObject({
        ok: true,
      });
      // The twin: an entry with one byte changed.
      const other = Buffer.from(data);
      other[9] = (other[9] ?? 0) ^ 1;
      expect(verifyTlogProof(found.proof, other, pinned(log?.origin))).toMatchObject({
        ok: false,
      });
      const leaves = await database.global((db) => new HeadsQueries().leaves(db, 0n, 10n));
      const index = Number(/^index (\d+)$/m.exec(found.heads)?.[1]);
      const head = leaves[index] ?? Buffer.alloc(0);
      expect(verifyTlogProof(found.heads, head, pinned(heads?.origin))).toMatchObject({
        ok: true,
      });
    }
    expect(await receipt(600n)).toEqual({ ok: false, code: 'NOT_FOUND', entries: 600n });
    expect(await receipt(-1n)).toEqual({ ok: false, code: 'NOT_FOUND', entries: 600n });
    await append(600, 1);
    expect(await receipt(600n)).toEqual({ ok: false, code: 'NOT_PUBLISHED', signed: 600n });
    for (const beyond of [2n ** 63n, 2n ** 64n + 3n, -(2n ** 70n)]) {
      expect(await receipt(beyond)).toEqual({ ok: false, code: 'NOT_FOUND', entries: 601n });
    }
    // Signed, but not in the log of heads yet: what that covers keeps its receipt, the new entry has one without heads.
    await new CheckpointSigner(signing).signNow(tenantId);
    expect(await receipt(600n)).toMatchObject({ ok: true, size: 601n, heads: null });
    expect(await receipt(599n)).toMatchObject({
      ok: true,
      size: 600n,
      heads: expect.stringContaining('index '),
    });

    // A head that is signed but not published is nobody's business yet.
    await new HeadsSequencer({ ...signing, publishAtOnce: false }).runOnce();
    expect(await receipt(600n)).toMatchObject({ ok: true, size: 601n, heads: null });
    expect(await receipt(599n)).toMatchObject({ ok: true, size: 600n });

    // What a witness added to the published checkpoint is part of the receipt.
    const line = '\u2014 witness.test/one QUFBQUFBQUFBQUFBQUFBQQ==\n';
    await fixture.test.asOwner(
      `INSERT INTO heads_anchor (log_id, size, kind, who, evidence, at)
       SELECT log_id, size, 'witness', 'witness.test/one', $1, now() FROM heads_publication`,
      [Buffer.from(line)],
    );
    expect(await receipt(599n)).toMatchObject({ heads: expect.stringContaining(line) });

    // A log of heads that was succeeded by another vouches no more.
    await fixture.test.asOwner(
      `INSERT INTO heads_log (log_id, origin, opened_at, predecessor)
       SELECT gen_random_uuid(), 'countersign.local/next', now(), log_id FROM heads_log`,
    );
    expect(await receipt(599n)).toMatchObject({ ok: true, size: 601n, heads: null });
  });
});
