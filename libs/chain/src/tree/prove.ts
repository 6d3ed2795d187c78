import { ChainError } from '../errors.js';
import { rootOf, splitPoint } from './root-of.js';

/**
 * Inclusion proof of leaf `index` in the tree over all given leaf hashes: PATH(m, D[n]) of RFC 6962 §2.1.1, leaf
 * side first. Hashes the whole tree. Throws ChainError INDEX_OUT_OF_RANGE.
 */
export function inclusionProof(index: bigint, leafHashes: readonly Uint8Array[]): Uint8Array[] {
  if (index < 0n || index >= BigInt(leafHashes.length)) {
    throw new ChainError('INDEX_OUT_OF_RANGE', `leaf ${index} of ${leafHashes.length}`);
  }
  return path(Number(index), leafHashes);
}

function path(m: number, hashes: readonly Uint8Array[]): Uint8Array[] {
  if (hashes.length === 1) return [];
  const k = splitPoint(hashes.length);
  return m < k
    ? [...path(m, hashes.slice(0, k)), rootOf(hashes.slice(k))]
    : [...path(m - k, hashes.slice(k)), rootOf(hashes.slice(0, k))];
}

/**
 * Consistency proof from the first `from` leaves to all of them: PROOF(m, D[n]) of RFC 6962 §2.1.2. Empty for
 * `from` 0 and for equal sizes. Throws ChainError INDEX_OUT_OF_RANGE.
 */
export function consistencyProof(from: bigint, leafHashes: readonly Uint8Array[]): Uint8Array[] {
  if (from < 0n || from > BigInt(leafHashes.length)) {
    throw new ChainError('INDEX_OUT_OF_RANGE', `size ${from} of ${leafHashes.length}`);
  }
  return from === 0n ? [] : subproof(Number(from), leafHashes, true);
}

function subproof(m: number, hashes: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === hashes.length) return whole ? [] : [rootOf(hashes)];
  const k = splitPoint(hashes.length);
  return m <= k
    ? [...subproof(m, hashes.slice(0, k), whole), rootOf(hashes.slice(k))]
    : [...subproof(m - k, hashes.slice(k), false), rootOf(hashes.slice(0, k))];
}
