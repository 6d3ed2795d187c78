import {
  decodeHeadLeaf,
  leafHash,
  parseVerifierKey,
  rootOf,
  toHex,
  verifyCheckpoint,
  type HeadLeaf,
} from '@countersign/chain';
import type { TestDatabase } from '../../../../test/support/database.js';

/**
 * The promise of the log of heads, checked in the plainest way there is and as the database's owner: leaves 0 .. n - 1,
 * each opening once and before its heads, heads that grow and were really signed, every checkpoint over stored leaves
 * and every publication of a checkpoint. Returns the leaves; throws with what does not hold.
 */
export async function checkHeads(test: TestDatabase, vkeys: string[] = []): Promise<HeadLeaf[]> {
  const stored = await test.asOwner<{ idx: bigint; leaf: Buffer; leaf_hash: Buffer }>(
    'SELECT idx, leaf, leaf_hash FROM heads_leaf ORDER BY idx',
  );
  const leaves = stored.map(({ idx, leaf, leaf_hash }, i) => {
    if (idx !== BigInt(i)) throw new Error(`leaf ${idx} at ${i}: a gap or a fork`);
    if (!leafHash(leaf).equals(leaf_hash)) throw new Error(`leaf ${i}: its hash is another`);
    const decoded = decodeHeadLeaf(leaf);
    if (!decoded.ok) throw new Error(`leaf ${i}: ${decoded.detail}`);
    return decoded.leaf;
  });
  await checkOrder(test, leaves);
  const hashes = stored.map((row) => row.leaf_hash);
  const checkpoints = await test.asOwner<{ size: bigint; note: string; root: Buffer }>(
    'SELECT size, note, root FROM heads_checkpoint ORDER BY size',
  );
  for (const { note, root, size } of checkpoints) {
    if (Number(size) > hashes.length) throw new Error(`signed ${size} of ${hashes.length} leaves`);
    if (toHex(rootOf(hashes.slice(0, Number(size)))) !== toHex(root)) {
      throw new Error(`the checkpoint of size ${size} is over other leaves`);
    }
    const logKeys = vkeys.map(parseVerifierKey);
    const origin = logKeys[0]?.name ?? '';
    const verdict = vkeys.length > 0 ? verifyCheckpoint(note, { origin, logKeys }) : null;
    if (verdict?.ok === false) throw new Error(`checkpoint ${size}: ${verdict.detail}`);
  }
  const [unsigned] = await test.asOwner<{ size: bigint }>(
    'SELECT size FROM heads_publication p WHERE NOT EXISTS (SELECT FROM heads_checkpoint c WHERE c.log_id = p.log_id AND c.size = p.size)',
  );
  if (unsigned !== undefined) throw new Error(`published ${unsigned.size} without a signature`);
  return leaves;
}

async function checkOrder(test: TestDatabase, leaves: readonly HeadLeaf[]): Promise<void> {
  const sizes = new Map<string, bigint>();
  for (const leaf of leaves) {
    const before = sizes.get(leaf.origin);
    if (leaf.kind === 'log.opened/1') {
      if (before !== undefined) throw new Error(`${leaf.origin} was opened twice`);
      sizes.set(leaf.origin, 0n);
    } else if (leaf.kind === 'head/1') {
      if (before === undefined) throw new Error(`${leaf.origin} has a head before its opening`);
      if (leaf.size <= before) throw new Error(`${leaf.origin} does not grow: ${leaf.size}`);
      sizes.set(leaf.origin, leaf.size);
      const [row] = await test.asOwner<{ root: Buffer }>(
        'SELECT c.root FROM ledger_checkpoint c JOIN ledger_log USING (tenant_id) WHERE origin = $1 AND size = $2',
        [leaf.origin, leaf.size.toString()],
      );
      if (row === undefined || toHex(row.root) !== toHex(leaf.root)) {
        throw new Error(`${leaf.origin} never had the head of size ${leaf.size}`);
      }
    }
  }
}
