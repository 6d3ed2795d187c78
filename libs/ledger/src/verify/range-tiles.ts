import {
  foldPerfect,
  HASH_BYTES,
  sameBytes,
  sha256Into,
  TILE_BYTES,
  TILE_WIDTH,
  toHex,
} from '@countersign/chain';
import type { SnapshotTx } from '@countersign/database';
import { field } from '../export/entry-pages.js';
import { RANGE_LEAVES, type LiveFault } from './range-task.js';
import { SubtreeRow, type SubtreeNode } from './subtrees.js';

interface StoredTile {
  readonly root: Buffer;
  readonly hashes: Buffer;
}

/**
 * Hashes the tree of a range block by block, and holds each tile that becomes full against the stored one. Leaf hashes
 * lie side by side in one buffer, so that a block is hashed without an object per node.
 */
export class RangeTiles {
  /** The leaf hash that was taken last; 32 bytes that the next one overwrites. */
  readonly last = Buffer.alloc(HASH_BYTES);
  readonly #row: SubtreeRow;
  /** Leaf hashes of the block under way. */
  readonly #leaves = Buffer.alloc(TILE_BYTES);
  /** Where in it the next one comes. */
  #at = 0;
  /** Roots of the range's blocks. */
  readonly #roots: Uint8Array[] = [];

  private constructor(
    from: number,
    private readonly stored: ReadonlyMap<string, StoredTile>,
  ) {
    this.#row = new SubtreeRow(from);
  }

  /** With the stored tiles of levels 0 and 1 that lie in the range. */
  static async load(tx: SnapshotTx, from: number, to: number): Promise<RangeTiles> {
    const stored = new Map<string, StoredTile>();
    const within = (level: number, width: number): string =>
      `(level = ${level} AND idx >= ${from / width} AND idx < ${Math.floor(to / width)})`;
    await tx.copyRows(
      `SELECT level, idx, root, hashes FROM ledger_tile WHERE tenant_id = '${tx.tenantId}'
       AND (${within(0, TILE_WIDTH)} OR ${within(1, RANGE_LEAVES)})`,
      (row) => {
        const key = `${field(row, 0).readInt16BE()}/${field(row, 1).readBigInt64BE()}`;
        stored.set(key, { root: Buffer.from(field(row, 2)), hashes: Buffer.from(field(row, 3)) });
      },
    );
    return new RangeTiles(from, stored);
  }

  /** Index behind the last leaf that was taken. */
  get end(): number {
    return this.#row.end + this.#at / HASH_BYTES;
  }

  /** Hashes `bytes`, 0x00 and an entry, which may become the next leaf. False when `stored` is another hash. */
  hash(bytes: Uint8Array, stored: Buffer): boolean {
    const at = this.#at;
    sha256Into(bytes, this.#leaves, at);
    return stored.compare(this.#leaves, at, at + HASH_BYTES) === 0;
  }

  /** What was hashed last; a view. */
  get next(): Buffer {
    return this.#leaves.subarray(this.#at, this.#at + HASH_BYTES);
  }

  /** Takes what was hashed last as the next leaf. Returns what is wrong with the tile that it completes, or null. */
  take(): LiveFault | null {
    this.#leaves.copy(this.last, 0, this.#at, this.#at + HASH_BYTES);
    this.#at += HASH_BYTES;
    return this.#at === TILE_BYTES ? this.#closeBlock() : null;
  }

  /** The range so far. */
  nodes(): SubtreeNode[] {
    const row = this.#row.clone();
    for (let at = 0; at < this.#at; at += HASH_BYTES) {
      row.push(Buffer.from(this.#leaves.subarray(at, at + HASH_BYTES)));
    }
    return row.nodes();
  }

  #closeBlock(): LiveFault | null {
    const index = this.#row.end / TILE_WIDTH;
    const tile = this.stored.get(`0/${index}`);
    const sameLeaves = tile !== undefined && sameBytes(tile.hashes, this.#leaves);
    const root = foldPerfect(this.#leaves); // over the leaves, which are not needed any more
    this.#at = 0;
    this.#row.push(root, 8);
    this.#roots.push(root);
    if (!sameLeaves || !sameBytes(tile.root, root)) return tileFault(0, BigInt(index), root);
    return this.#row.end % RANGE_LEAVES === 0 ? this.#closeRange(root) : null;
  }

  #closeRange(lastRoot: Uint8Array): LiveFault | null {
    const index = this.#row.end / RANGE_LEAVES - 1;
    const root = this.#row.nodes()[0]?.hash ?? lastRoot;
    const tile = this.stored.get(`1/${index}`);
    const same = tile !== undefined && sameBytes(tile.root, root);
    return same && sameBytes(tile.hashes, Buffer.concat(this.#roots))
      ? null
      : tileFault(1, BigInt(index), root);
  }
}

export function tileFault(level: number, index: bigint, root: Uint8Array): LiveFault {
  const sequence = index << BigInt(8 * (level + 1));
  return {
    sequence,
    rule: 'TILE_MISMATCH',
    expected: `level ${level} tile ${index}: ${toHex(root)}`,
  };
}
