import { ChainError } from '../errors.js';
import { HASH_BYTES, sha256, sha256Into } from '../hash.js';

/** RFC 6962 §2.1: the two prefixes keep a node from being presented as a leaf. */
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

/** SHA-256(0x00 || data). */
export function leafHash(data: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(data.byteLength + 1);
  bytes[0] = LEAF_PREFIX;
  bytes.set(data, 1);
  return sha256(bytes);
}

const scratch = Buffer.alloc(1 + 2 * HASH_BYTES); // hashing is synchronous, so one buffer serves every call
scratch[0] = NODE_PREFIX;

/** SHA-256(0x01 || left || right). Throws ChainError HASH_LENGTH. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  assertHash(left);
  assertHash(right);
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return sha256(scratch);
}

/** Throws ChainError HASH_LENGTH unless `bytes` are 32. */
export function assertHash(bytes: Uint8Array): void {
  if (bytes.byteLength !== HASH_BYTES) {
    throw new ChainError('HASH_LENGTH', `${bytes.byteLength} bytes, expected ${HASH_BYTES}`);
  }
}

/**
 * Root of the perfect tree over hashes that stand one behind the other, whose number must be a power of two. Uses up
 * `hashes`: the rows of the tree are written over them.
 */
export function foldPerfect(hashes: Buffer): Buffer {
  for (let length = hashes.length; length > HASH_BYTES; length /= 2) {
    for (let at = 0; at < length; at += 2 * HASH_BYTES) {
      hashes.copy(scratch, 1, at, at + 2 * HASH_BYTES);
      sha256Into(scratch, hashes, at / 2);
    }
  }
  return Buffer.from(hashes.subarray(0, HASH_BYTES));
}
