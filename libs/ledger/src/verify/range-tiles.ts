import { HASH_BYTES, sameBytes, TILE_BYTES, TILE_WIDTH, toHex } from '@countersign/chain';
import type { SnapshotTx } from '@countersign/database';
import { field } from '../export/entry-pages.js';
import { RANGE_LEAVES, type LiveFault } from './range-task.js';
import { SubtreeRow, type SubtreeNode } from './subtrees.js';

interface StoredTile {
  readonly root: Buffer;
  readonly hashes: Buffer;
}

/** Hashes the tree of a range leaf by leaf, and holds each tile that becomes full against the stored one. */
export class RangeTiles {
  readonly #row: SubtreeRow;
  /** Of the block under way. */
  #block: SubtreeRow;
  #leaves = Buffer.allocUnsafe(TILE_BYTES);
  /** Roots of the range's blocks. */
  readonly #roots: Uint8Array[] = [];

  private constructor(
    from: number,
    private readonly stored: ReadonlyMap<string, StoredTile>,
  ) {
    this.#row = new SubtreeRow(from);
    this.#block = new SubtreeRow(from);
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

  /** Index behind the last leaf. */
  get end(): number {
    return this.#block.end;
  }

  /** Takes the next leaf hash and keeps it. Returns what is wrong with the tile that it completes, or null. */
  push(leafHash: Uint8Array): LiveFault | null {
    const offset = (this.#block.end % TILE_WIDTH) * HASH_BYTES;
    this.#leaves.set(leafHash, offset);
    this.#block.push(leafHash);
    return this.#block.end % TILE_WIDTH === 0 ? this.#closeBlock() : null;
  }

  /** The range so far. */
  nodes(): SubtreeNode[] {
    const row = this.#row.clone();
    row.pushAll(this.#block.nodes());
    return row.nodes();
  }

  #closeBlock(): LiveFault | null {
    const index = this.#block.end / TILE_WIDTH - 1;
    // Only this block's leaves are in the row of the block, so they have become one node.
    const root = this.#block.nodes()[0]?.hash ?? this.#leaves;
    const fault = this.#compare(0, index, root, this.#leaves);
    this.#row.push(root, 8);
    this.#roots.push(root);
    this.#block = new SubtreeRow(this.#row.end);
    if (fault !== null || this.#row.end % RANGE_LEAVES !== 0) return fault;
    const whole = this.#row.nodes()[0]?.hash ?? root;
    const at = this.#row.end / RANGE_LEAVES - 1;
    return this.#compare(1, at, whole, Buffer.concat(this.#roots));
  }

  #compare(level: number, index: number, root: Uint8Array, hashes: Uint8Array): LiveFault | null {
    const tile = this.stored.get(`${level}/${index}`);
    const same = tile !== undefined && sameBytes(tile.hashes, hashes) && sameBytes(tile.root, root);
    return same ? null : tileFault(level, BigInt(index), root);
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
