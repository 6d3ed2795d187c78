import {
  cosigner,
  encodeHeadLeaf,
  formatTlogProof,
  inclusionProof,
  leafHash,
  noteSigner,
  privateKeyFromSeed,
  type HeadLeaf,
} from '@countersign/chain';
import { buildChain, ORIGIN } from './golden-chain.js';
import { checkpointOf } from './tile-log.js';

/** The log of heads beside the golden chain, fixed like it: the example of docs/ledger-format.md. */
export const headsSigner = noteSigner(
  'countersign.example/heads/5d41c0f39e9a7b31',
  privateKeyFromSeed(Buffer.alloc(32, 42)),
);
export const headsWitness = cosigner(
  'witness.example/w1',
  privateKeyFromSeed(Buffer.alloc(32, 43)),
);
export const COSIGNED_AT = new Date('2026-11-21T06:01:00Z');

/** Its leaves: the ledger was opened, and had seven entries. */
export function headLeaves(): Buffer[] {
  const { rootHash, size } = buildChain().checkpoint;
  const leaves: HeadLeaf[] = [
    { kind: 'log.opened/1', openedAt: '2026-11-21T06:00:00.000Z', origin: ORIGIN },
    { kind: 'head/1', origin: ORIGIN, root: Buffer.from(rootHash, 'hex'), size: BigInt(size) },
  ];
  return leaves.map(encodeHeadLeaf);
}

/** Its checkpoint with the cosignature, and the receipt of the head. */
export function goldenHeads(): { leaves: Buffer[]; checkpoint: string; receipt: string } {
  const leaves = headLeaves();
  const hashes = leaves.map((leaf) => leafHash(leaf));
  const signed = checkpointOf(hashes, [headsSigner]);
  const checkpoint = signed + headsWitness.cosign(signed, COSIGNED_AT);
  const receipt = formatTlogProof({ index: 1n, hashes: inclusionProof(1n, hashes), checkpoint });
  return { leaves, checkpoint, receipt };
}
