import { EMPTY_ROOT, nodeHash } from './hashing.js';

/** The largest power of two smaller than `n`, for n >= 2: where RFC 6962 splits a tree. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * Merkle tree hash over leaf hashes by the recursive definition of RFC 6962 §2.1. Shares nothing with `Frontier`,
 * which must give the same answer.
 */
export function rootOf(leafHashes: readonly Uint8Array[]): Uint8Array {
  const [only] = leafHashes;
  if (only === undefined) return EMPTY_ROOT;
  if (leafHashes.length === 1) return only;
  const k = splitPoint(leafHashes.length);
  return nodeHash(rootOf(leafHashes.slice(0, k)), rootOf(leafHashes.slice(k)));
}
