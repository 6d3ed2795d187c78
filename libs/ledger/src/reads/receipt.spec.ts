import { generateKeyPairSync } from 'node:crypto';
import { verifyInclusion } from '@countersign/chain';
import { systemClock, type TenantId } from '@countersign/kernel';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { StoredTree } from '../tree/stored-tree.js';
import { ledgerTiles } from '../tree/tile-store.js';
import { LedgerQueries } from './ledger-queries.js';
import { testVault } from '../../../../test/support/vault.js';

describe('receipts', () => {
  const queries = new LedgerQueries({ vault: testVault() });
  let fixture: LedgerFixture;
  let tenantId: TenantId;

  beforeAll(async () => {
    fixture = await ledgerFixture();
    tenantId = await fixture.tenant();
    const drafts = Array.from({ length: 600 }, (_, n) => delivered(n));
    await fixture.ledger.append(tenantId, drafts);
  });
  afterAll(() => fixture.end());

  it.each([1n, 2n, 255n, 256n, 257n, 512n, 513n, 600n])(
    'prove entries of the tree of size %s, and no other entry',
    async (size) => {
      await fixture.test.database.read(tenantId, async (tx) => {
        const tree = new StoredTree(ledgerTiles(tx), size);
        const root = await tree.root();
        for (const index of new Set([0n, size / 2n, size - 1n])) {
          const proof = await tree.inclusionProof(index);
          const entry = await queries.entry(tx, index);
          const claim = { index, size, proof, root, leafHash: entry?.leafHash ?? new Uint8Array() };
          expect(verifyInclusion(claim)).toBe(true);
          const other = await queries.entry(tx, (index + 1n) % 600n);
          expect(verifyInclusion({ ...claim, leafHash: other?.leafHash ?? root })).toBe(false);
        }
      });
    },
  );

  it('are there once a checkpoint covers the entry, and not before', async () => {
    const { database } = fixture.test;
    expect(await database.read(tenantId, (tx) => queries.receipt(tx, 3n))).toBeNull();
    const { privateKey } = generateKeyPairSync('ed25519');
    const signer = new CheckpointSigner({
      database,
      clock: systemClock,
      keys: SigningKeys.of(privateKey),
    });
    const checkpoint = await signer.signNow(tenantId);
    const receipt = await database.read(tenantId, (tx) => queries.receipt(tx, 3n));
    const [head = '', note = ''] = (receipt ?? '')
      .split('\n\n', 1)
      .concat((receipt ?? '').slice((receipt ?? '').indexOf('\n\n') + 2));
    expect(note).toBe(checkpoint?.note);
    const [format, index, ...hashes] = head.split('\n');
    expect([format, index]).toEqual(['c2sp.org/tlog-proof@v1', 'index 3']);
    const entry = await database.read(tenantId, (tx) => queries.entry(tx, 3n));
    expect(
      verifyInclusion({
        index: 3n,
        size: checkpoint?.size ?? 0n,
        proof: hashes.map((hash) => Buffer.from(hash, 'base64')),
        root: checkpoint?.rootHash ?? new Uint8Array(),
        leafHash: entry?.leafHash ?? new Uint8Array(),
      }),
    ).toBe(true);
    expect(await database.read(tenantId, (tx) => queries.receipt(tx, 600n))).toBeNull();
  });

  it('of a page cost little more statements than one', async () => {
    const statementsFor = (sequences: readonly bigint[]): Promise<number> =>
      fixture.test.database.read(tenantId, async (tx) => {
        let statements = 0;
        const query: typeof tx.query = (text, values) => {
          statements++;
          return tx.query(text, values);
        };
        const receipts = await queries.receipts({ ...tx, query }, sequences);
        expect(receipts.every((receipt) => receipt !== null)).toBe(true);
        return statements;
      });
    const one = await statementsFor([5n]);
    const page = Array.from({ length: 50 }, (_, n) => BigInt(n * 3));
    expect(await statementsFor(page)).toBe(one);
    // Entries of every tile: one more read per tile, not per entry. The last tile is in every proof.
    expect(await statementsFor(Array.from({ length: 600 }, (_, n) => BigInt(n)))).toBe(one + 1);
  });
});
