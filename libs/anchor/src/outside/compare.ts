import { verifyConsistency, type Checkpoint } from '@countersign/chain';

/** The tree that a store holds, and its proof that it contains a smaller one. */
export interface StoredTree {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** PROOF(from, D[size]); only asked for sizes up to its own. */
  readonly consistencyProof: (from: bigint) => Promise<readonly Uint8Array[]>;
}

export type Containment = 'contained' | 'behind' | 'forked';

/**
 * Whether a store still holds everything that a checkpoint from outside says. Sizes alone would not do: a store that was
 * rolled back and went on has the size, but not the tree.
 */
export async function compare(outside: Checkpoint, stored: StoredTree): Promise<Containment> {
  if (outside.size > stored.size) return 'behind';
  const proof = await stored.consistencyProof(outside.size);
  return verifyConsistency({
    fromSize: outside.size,
    fromRoot: outside.root,
    toSize: stored.size,
    toRoot: stored.root,
    proof,
  })
    ? 'contained'
    : 'forked';
}
