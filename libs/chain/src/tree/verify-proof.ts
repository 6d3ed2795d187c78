import { sameBytes } from '../hash.js';
import { PROOF_HASHES_MAX, TREE_SIZE_MAX } from '../tlog/size.js';
import { EMPTY_ROOT, nodeHash } from './hashing.js';

export interface InclusionClaim {
  readonly index: bigint;
  readonly size: bigint;
  readonly leafHash: Uint8Array;
  /** Leaf side first. */
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** RFC 9162 §2.1.3.2, step by step. False for any malformed claim; never throws. */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { index, size, leafHash, proof, root } = claim;
  if (index < 0n || index >= size || size > TREE_SIZE_MAX) return false;
  if (!wellFormed(proof) || !wellFormed([leafHash, root])) return false;
  let fn = index;
  let sn = size - 1n;
  let r = leafHash;
  for (const p of proof) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      r = nodeHash(p, r);
      while (fn !== 0n && (fn & 1n) === 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      r = nodeHash(r, p);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && sameBytes(r, root);
}

export interface ConsistencyClaim {
  readonly fromSize: bigint;
  readonly toSize: bigint;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * RFC 9162 §2.1.4.2, step by step. From size 0 the proof must be empty and the old root that of the empty tree;
 * for equal sizes the proof must be empty and the roots equal. False for any malformed claim; never throws.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { fromSize, toSize, fromRoot, toRoot, proof } = claim;
  if (fromSize < 0n || fromSize > toSize || toSize > TREE_SIZE_MAX) return false;
  if (!wellFormed(proof) || !wellFormed([fromRoot, toRoot])) return false;
  if (fromSize === toSize) return proof.length === 0 && sameBytes(fromRoot, toRoot);
  if (fromSize === 0n) return proof.length === 0 && sameBytes(fromRoot, EMPTY_ROOT);

  // A power of two is a complete subtree of the new tree; its root is then left out of the proof.
  const path = (fromSize & (fromSize - 1n)) === 0n ? [fromRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let fn = fromSize - 1n;
  let sn = toSize - 1n;
  while ((fn & 1n) === 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let fr = first;
  let sr = first;
  for (const c of rest) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while (fn !== 0n && (fn & 1n) === 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = nodeHash(sr, c);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && sameBytes(fr, fromRoot) && sameBytes(sr, toRoot);
}

function wellFormed(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= PROOF_HASHES_MAX && hashes.every((hash) => hash.byteLength === 32);
}
