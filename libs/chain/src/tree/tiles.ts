import { ChainError } from '../errors.js';
import { HASH_BYTES } from '../hash.js';
import { assertHash, foldPerfect } from './hashing.js';

/** C2SP tlog-tiles: levels of the tree that a tile spans. */
export const TILE_HEIGHT = 8;
/** Hashes in a full tile. */
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
/** Bytes of a full tile. */
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/** A full tile; it never changes again. */
export interface FullTile {
  /** 0 holds leaf hashes; level L + 1 holds the roots of full level-L tiles. */
  readonly level: number;
  readonly index: bigint;
  /** 8,192 bytes: 256 hashes in order. */
  readonly hashes: Buffer;
  /** Root of the perfect tree over the 256 hashes: one hash of the tile above. */
  readonly root: Uint8Array;
}

/** Where a partial tile's hashes are to be found: `count` of them from `firstIndex` on. */
export interface PartialTile {
  /** Level 0: leaf hashes of those sequences. Level L > 0: roots of the full tiles of level L - 1. */
  readonly level: number;
  readonly firstIndex: bigint;
  /** 1 .. 255. */
  readonly count: number;
}

/** The partial tiles of a tree, lowest level first; levels whose tile is empty are left out. */
export function partialTiles(size: bigint): PartialTile[] {
  const partials: PartialTile[] = [];
  let hashes = size;
  for (let level = 0; hashes > 0n; level++) {
    const count = Number(hashes % BigInt(TILE_WIDTH));
    if (count > 0) partials.push({ level, firstIndex: hashes - BigInt(count), count });
    hashes /= BigInt(TILE_WIDTH);
  }
  return partials;
}

/** Root of a perfect tree over a power of two of hashes. Throws ChainError INDEX_OUT_OF_RANGE for other counts. */
export function perfectRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const { length } = hashes;
  if (length === 0 || (length & (length - 1)) !== 0) {
    throw new ChainError('INDEX_OUT_OF_RANGE', 'not a perfect tree');
  }
  hashes.forEach(assertHash);
  return foldPerfect(Buffer.concat(hashes, length * HASH_BYTES));
}

/** Collects leaf hashes and hands out each tile at the moment it becomes full. */
export class TileBuilder {
  private constructor(
    /** Full tiles cut so far, per level. */
    private readonly cut: bigint[],
    private readonly open: Uint8Array[][],
  ) {}

  /** For the tree without leaves. */
  static empty(): TileBuilder {
    return new TileBuilder([], []);
  }

  /**
   * For a tree of `size` leaves. `hashes(partial)` gives the hashes of each partial tile that `partialTiles(size)`
   * names. Throws ChainError INDEX_OUT_OF_RANGE when it gives another number of them.
   */
  static resume(
    size: bigint,
    hashes: (partial: PartialTile) => readonly Uint8Array[],
  ): TileBuilder {
    const cut: bigint[] = [];
    const open: Uint8Array[][] = [];
    for (let rest = size / 256n; ; rest /= 256n) {
      cut.push(rest);
      open.push([]);
      if (rest === 0n) break;
    }
    for (const partial of partialTiles(size)) {
      const given = hashes(partial);
      if (given.length !== partial.count) {
        throw new ChainError(
          'INDEX_OUT_OF_RANGE',
          `level ${partial.level}: ${given.length} hashes, expected ${partial.count}`,
        );
      }
      given.forEach(assertHash);
      open[partial.level] = [...given];
    }
    return new TileBuilder(cut, open);
  }

  /**
   * Adds leaf hashes and returns the tiles they complete, lower levels before the tile above. `roots`: those of the level-0
   * tiles, from a `Frontier` of the same leaves, which then are not hashed again.
   */
  append(leafHashes: Iterable<Uint8Array>, roots?: readonly Uint8Array[]): FullTile[] {
    const full: FullTile[] = [];
    let known = 0;
    for (const leaf of leafHashes) {
      assertHash(leaf);
      if (this.add(0, leaf, full, roots?.[known])) known++;
    }
    if (roots !== undefined && known !== roots.length) {
      throw new ChainError('INDEX_OUT_OF_RANGE', `${roots.length} roots for ${known} tiles`);
    }
    return full;
  }

  /** A copy that grows on its own, for a batch that may have to be redone. */
  clone(): TileBuilder {
    return new TileBuilder(
      [...this.cut],
      this.open.map((hashes) => [...hashes]),
    );
  }

  /** True when the hash completes its tile. */
  private add(level: number, hash: Uint8Array, full: FullTile[], known?: Uint8Array): boolean {
    const row = (this.open[level] ??= []);
    row.push(hash);
    if (row.length < TILE_WIDTH) return false;
    const index = this.cut[level] ?? 0n;
    const root = known ?? perfectRoot(row);
    full.push({ level, index, hashes: Buffer.concat(row, TILE_BYTES), root });
    this.cut[level] = index + 1n;
    this.open[level] = [];
    this.add(level + 1, root, full);
    return true;
  }
}
