import { HASH_BYTES, sameBytes, toHex } from '../hash.js';
import { EMPTY_ROOT, foldPerfect, nodeHash } from '../tree/hashing.js';
import { TILE_WIDTH } from '../tree/tiles.js';
import type { TreeFile } from './layout.js';
import type { Findings } from './report.js';

/** A tile whose hashes are proven to belong to the signed tree. */
interface Tile {
  readonly index: number;
  readonly hashes: Buffer;
}

/** Is shown each tile once it is proven: the edge first, then full tiles from left to right, each behind those above. */
export interface TileWatcher {
  see(level: number, index: number, hashes: Buffer): void;
}

/**
 * Proves tiles to be part of a signed tree, in the order of `treeFiles`: the right edge gives the root, and every full
 * tile's root stands in the tile above. Keeps one tile per level and the edge.
 */
export class TreeWalk {
  private readonly edge: (Tile | undefined)[] = [];
  private readonly full: (Tile | undefined)[] = [];
  /** Leaf hash of the kept leaf in hex, once its tile was proven. */
  keptHash: string | null = null;

  constructor(
    private readonly findings: Findings,
    /** Earlier trees, for example, whose roots are worked out on the way. */
    private readonly earlier: readonly TileWatcher[],
    /** A leaf whose hash is kept: that of the entry before the first. -1 for none. */
    private readonly kept: number,
  ) {}

  /** Takes a partial tile of the right edge. Nothing is proven before `closeEdge`. */
  takeEdge({ level, index, width }: TreeFile, hashes: Buffer): void {
    this.lengthOf(hashes, width, level, index);
    this.edge[level] = { index, hashes };
  }

  /** Behind the last tile of the edge: it must give the root that was signed. */
  closeEdge(root: Uint8Array): void {
    const found = edgeRoot(this.edge.map((tile) => tile?.hashes));
    if (!sameBytes(found, root)) {
      this.findings.fail('ROOT_MISMATCH', { found: toHex(found), expected: toHex(root) });
    }
    this.edge.forEach((tile, level) => {
      if (tile !== undefined) this.show(level, tile);
    });
  }

  /** Takes a full tile. */
  takeFull({ level, index, width }: TreeFile, hashes: Buffer): void {
    this.lengthOf(hashes, width, level, index);
    const above = this.tileAt(level + 1, Math.floor(index / TILE_WIDTH));
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    const expected = above?.hashes.subarray(at, at + HASH_BYTES) ?? new Uint8Array(0);
    const found = perfectRoot(hashes);
    if (!sameBytes(found, expected)) {
      this.findings.fail('TILE_MISMATCH', {
        sequence: index * TILE_WIDTH ** (level + 1),
        found: `tile ${index} of level ${level} with root ${toHex(found)}`,
        expected: toHex(expected),
      });
    }
    this.full[level] = { index, hashes };
    this.show(level, { index, hashes });
  }

  /** The leaf hashes of a block of 256, proven; empty when its tile was not read last. */
  leafHashes(block: number): Buffer {
    return this.tileAt(0, block)?.hashes ?? Buffer.alloc(0);
  }

  private tileAt(level: number, index: number): Tile | undefined {
    return [this.full[level], this.edge[level]].find((tile) => tile?.index === index);
  }

  private show(level: number, { index, hashes }: Tile): void {
    for (const tree of this.earlier) tree.see(level, index, hashes);
    if (level > 0 || this.kept < 0 || Math.floor(this.kept / TILE_WIDTH) !== index) return;
    const at = (this.kept % TILE_WIDTH) * HASH_BYTES;
    this.keptHash = hashes.toString('hex', at, at + HASH_BYTES);
  }

  private lengthOf(hashes: Buffer, width: number, level: number, index: number): void {
    if (hashes.length === width * HASH_BYTES) return;
    this.findings.stop('TILE_LENGTH', {
      found: `tile ${index} of level ${level} with ${hashes.length} bytes`,
      expected: String(width * HASH_BYTES),
    });
  }
}

/** The tree as it was at an earlier size: its right edge lies in tiles that are there, as far as a bundle shows them. */
export class EarlierTree implements TileWatcher {
  private readonly edge: (Buffer | undefined)[] = [];
  private missing: number;

  constructor(private readonly size: number) {
    this.missing = 0;
    for (let hashes = size; hashes > 0; hashes = Math.floor(hashes / TILE_WIDTH)) {
      if (hashes % TILE_WIDTH > 0) this.missing++;
    }
  }

  see(level: number, index: number, hashes: Buffer): void {
    const count = Math.floor(this.size / TILE_WIDTH ** level);
    const width = count % TILE_WIDTH;
    if (width === 0 || Math.floor(count / TILE_WIDTH) !== index) return;
    if (this.edge[level] !== undefined || hashes.length < width * HASH_BYTES) return;
    this.edge[level] = hashes.subarray(0, width * HASH_BYTES);
    this.missing--;
  }

  /** Null when a tile of its edge was not among those seen. */
  root(): Uint8Array | null {
    return this.missing === 0 ? edgeRoot(this.edge) : null;
  }
}

/** Root of the tree whose partial tiles these are, by level: its perfect subtrees, folded from the right. */
function edgeRoot(partials: readonly (Buffer | undefined)[]): Uint8Array {
  let root: Uint8Array | null = null;
  for (const hashes of partials) {
    let end = hashes?.length ?? 0;
    for (let bytes = HASH_BYTES; hashes !== undefined && end > 0; bytes *= 2) {
      if ((end & bytes) === 0) continue;
      const subtree = perfectRoot(hashes.subarray(end - bytes, end));
      root = root === null ? subtree : nodeHash(subtree, root);
      end -= bytes;
    }
  }
  return root ?? EMPTY_ROOT;
}

/** Root of the perfect tree over hashes that stand one behind the other, which stay as they are. */
function perfectRoot(hashes: Buffer): Uint8Array {
  return hashes.length === HASH_BYTES ? hashes : foldPerfect(Buffer.from(hashes));
}
