import { HASH_BYTES, sameBytes } from '../hash.js';
import { EMPTY_ROOT, nodeHash } from '../tree/hashing.js';
import { TILE_BYTES, TILE_WIDTH } from '../tree/tiles.js';
import type { HeadHistory } from './head-history.js';
import type { TileWatcher } from './tree-walk.js';

/** A head that the tree of a bundle contradicts. */
export interface ContradictedHead {
  readonly size: number;
  readonly found: Uint8Array;
  readonly expected: Uint8Array;
}

interface Seen {
  readonly index: number;
  readonly hashes: Buffer;
  /** Row k: the roots of 2^k hashes each, worked out when they are needed. */
  rows: Buffer[][] | null;
}

/**
 * Holds the tree of a bundle against every head that the log of heads has of it, on the way through its tiles. A head whose
 * tile of leaves is not in the bundle is passed over. Costs a few hashes a head, and a tile a level.
 */
export class HeadTrees implements TileWatcher {
  private readonly full: (Seen | undefined)[] = [];
  private readonly edge: (Seen | undefined)[] = [];
  private at = 0;
  /** The first one. */
  contradicted: ContradictedHead | null = null;

  constructor(private readonly heads: HeadHistory) {}

  see(level: number, index: number, hashes: Buffer): void {
    const seen = { index, hashes, rows: null };
    if (hashes.length < TILE_BYTES) this.edge[level] = seen;
    else {
      this.full[level] = seen;
      // Tiles come from left to right, each behind those above it; the edge comes first and is the last block.
      if (level === 0) this.judge(index);
    }
  }

  /** Behind the last tile. */
  finish(): ContradictedHead | null {
    const last = this.edge[0];
    if (last !== undefined) this.judge(last.index);
    return this.contradicted;
  }

  /** Heads that end within a block, or with it. */
  private judge(block: number): void {
    const { heads } = this;
    for (; this.at < heads.count; this.at++) {
      const size = heads.sizeAt(this.at);
      if (size > (block + 1) * TILE_WIDTH) return;
      if (size <= block * TILE_WIDTH || this.contradicted !== null) continue;
      const expected = heads.rootAt(this.at);
      const found = this.rootAt(size);
      if (found !== null && !sameBytes(found, expected)) {
        this.contradicted = { size, found, expected };
      }
    }
  }

  /** The root of the first leaves; null when the tiles that end there were not seen. */
  private rootAt(size: number): Uint8Array | null {
    let root: Uint8Array | null = null;
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
      const width = count % TILE_WIDTH;
      if (width === 0) continue;
      const index = Math.floor(count / TILE_WIDTH);
      const tile = [this.full[level], this.edge[level]].find((seen) => seen?.index === index);
      if (tile === undefined || tile.hashes.length < width * HASH_BYTES) return null;
      tile.rows ??= rowsOf(tile.hashes);
      for (let k = 0, end = width; end > 0; k++) {
        if (((end >> k) & 1) === 0) continue;
        const subtree: Uint8Array | undefined = tile.rows[k]?.[(end >> k) - 1];
        if (subtree === undefined) return null;
        root = root === null ? subtree : nodeHash(subtree, root);
        end -= 1 << k;
      }
    }
    return root ?? EMPTY_ROOT;
  }
}

function rowsOf(hashes: Buffer): Buffer[][] {
  let row: Buffer[] = [];
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    row.push(hashes.subarray(at, at + HASH_BYTES));
  }
  const rows = [row];
  while (row.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i + 1 < row.length; i += 2) {
      const [left, right] = [row[i], row[i + 1]];
      if (left !== undefined && right !== undefined) above.push(nodeHash(left, right));
    }
    rows.push(above);
    row = above;
  }
  return rows;
}
