import { ChainError } from '../errors.js';
import { HASH_BYTES } from '../hash.js';
import { assertHash, EMPTY_ROOT, nodeHash } from './hashing.js';
import { TILE_HEIGHT } from './tiles.js';

/**
 * The right edge of an RFC 6962 tree: the roots of its perfect subtrees, which is all that appending needs.
 * One node hash per leaf on average. Sizes are bigint outside and must stay below 2^53, like `seq`.
 */
export class Frontier {
  /** Index = height; a set bit of the size has a subtree root there. */
  private readonly levels: (Uint8Array | null)[];
  private count: number;

  private constructor(levels: (Uint8Array | null)[], count: number) {
    this.levels = levels;
    this.count = count;
  }

  /** The frontier of the tree without leaves. */
  static empty(): Frontier {
    return new Frontier([], 0);
  }

  /**
   * Reads `serialize`'s bytes. Throws ChainError FRONTIER_MALFORMED when the length does not fit the size.
   */
  static parse(bytes: Uint8Array): Frontier {
    if (bytes.byteLength < 8) throw new ChainError('FRONTIER_MALFORMED', 'shorter than its size');
    const size = Buffer.from(bytes.buffer, bytes.byteOffset, 8).readBigUInt64BE();
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ChainError('FRONTIER_MALFORMED', 'a size beyond 2^53 - 1');
    }
    const bits = size === 0n ? '' : size.toString(2);
    const hashes = bits.replaceAll('0', '').length;
    if (bytes.byteLength !== 8 + hashes * HASH_BYTES) {
      throw new ChainError('FRONTIER_MALFORMED', `expected ${hashes} hashes for size ${size}`);
    }
    const levels: (Uint8Array | null)[] = new Array<Uint8Array | null>(bits.length).fill(null);
    let at = 8;
    for (let i = 0; i < bits.length; i++) {
      if (bits[i] === '0') continue;
      levels[bits.length - 1 - i] = Buffer.from(bytes.subarray(at, at + HASH_BYTES));
      at += HASH_BYTES;
    }
    return new Frontier(levels, Number(size));
  }

  /** Number of leaves. */
  get size(): bigint {
    return BigInt(this.count);
  }

  /**
   * Adds leaf hashes in order. They are kept by reference: do not reuse the buffers. Returns the roots of the subtrees of
   * 256 leaves, level-0 tiles, that they complete.
   */
  append(leafHashes: Iterable<Uint8Array>): Uint8Array[] {
    const roots: Uint8Array[] = [];
    for (const leaf of leafHashes) {
      const root = this.appendOne(leaf);
      if (root !== null) roots.push(root);
    }
    return roots;
  }

  /**
   * Adds one leaf hash. Returns the root of the subtree of 256 leaves that it completes, or null. Throws ChainError
   * HASH_LENGTH, or INDEX_OUT_OF_RANGE at 2^53 leaves.
   */
  appendOne(leaf: Uint8Array): Uint8Array | null {
    assertHash(leaf);
    if (this.count >= Number.MAX_SAFE_INTEGER) {
      throw new ChainError('INDEX_OUT_OF_RANGE', 'the tree is full');
    }
    let node = leaf;
    let height = 0;
    let tileRoot: Uint8Array | null = null;
    for (;;) {
      const left = this.levels[height];
      if (left === undefined || left === null) break;
      node = nodeHash(left, node);
      this.levels[height] = null;
      height++;
      if (height === TILE_HEIGHT) tileRoot = node;
    }
    this.levels[height] = node;
    this.count++;
    return tileRoot;
  }

  /** The tree's root: the subtrees folded from the right. */
  root(): Uint8Array {
    let root: Uint8Array | null = null;
    for (const subtree of this.levels) {
      if (subtree === null) continue;
      root = root === null ? subtree : nodeHash(subtree, root);
    }
    return root ?? EMPTY_ROOT;
  }

  /** A copy that grows on its own, for a batch that may have to be redone. */
  clone(): Frontier {
    return new Frontier([...this.levels], this.count);
  }

  /** Size as 8 bytes big-endian, then the subtree roots from the largest to the smallest. */
  serialize(): Buffer {
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(BigInt(this.count));
    const roots = this.levels.filter((subtree) => subtree !== null).reverse();
    return Buffer.concat([size, ...roots]);
  }
}
