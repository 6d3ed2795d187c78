import { tilePath } from '../tlog/tile-path.js';
import { TILE_WIDTH } from '../tree/tiles.js';

/** Names of the files at the top of a bundle. */
export const BUNDLE_FILES = {
  /** Digests of every other file, in the order of this page: the form of `sha256sum`. */
  index: 'files.sha256',
  manifest: 'bundle.json',
  checkpoint: 'checkpoint',
  oldCheckpoint: 'checkpoint.old',
  consistency: 'consistency',
  headsCheckpoint: 'heads/checkpoint',
  headProof: 'heads/head.tlog-proof',
  policy: 'policy',
} as const;

/** Where time stamps lie: `heads/anchors/<who>.tsr`. */
const ANCHOR_PATH = /^heads\/anchors\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.tsr$/;

/** Where the time stamp of an authority lies; null when `who` is no plain name. */
export function anchorPath(who: string): string | null {
  const path = `heads/anchors/${who}.tsr`;
  return isAnchorPath(path) ? path : null;
}

/** True for a path that `anchorPath` could have returned. */
export function isAnchorPath(path: string): boolean {
  return ANCHOR_PATH.test(path);
}

/** Payload lines of the entries 256 · index and following: `payload/x001/234.jsonl`. */
export function payloadPath(index: number): string {
  return `${tilePath('entries', BigInt(index)).replace('tile/entries/', 'payload/')}.jsonl`;
}

/** What a bundle covers: entries `from` up to but not including `to`, of a tree of `size`. */
export interface BundleRange {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** A file below `tile/` or `payload/`. A payload file is there only when the bundle discloses one of its entries. */
export interface TreeFile {
  readonly kind: 'tile' | 'entries' | 'payload';
  /** 0 unless `kind` is tile. */
  readonly level: number;
  readonly index: number;
  /** Hashes or entries: 256, or fewer at the right edge of the tree. */
  readonly width: number;
}

export function treeFilePath({ kind, level, index, width }: TreeFile): string {
  if (kind === 'payload') return payloadPath(index);
  return tilePath(kind === 'entries' ? 'entries' : level, BigInt(index), width);
}

/**
 * The files below `tile/` and `payload/` in the order in which they are listed and read. First the partial tiles of
 * the right edge, highest level first: they alone give the root of the tree. Then every full tile before what lies
 * beneath it, from left to right, so that a reader needs one tile per level; each bundle of entries follows its level-0
 * tile, and its payloads follow it.
 *
 * Tiles of level 1 and above are all there. Of level 0 there are those that hold a leaf from `from - 1` (the entry that
 * the first one names as the one before) up to `to`. Bundles of entries are whole: 256 entries, or up to the tree's end.
 */
export function* treeFiles({ size, from, to }: BundleRange): Generator<TreeFile, void, undefined> {
  const top = topLevel(size);
  for (let level = top; level >= 0; level--) {
    const hashes = Math.floor(size / TILE_WIDTH ** level);
    const width = hashes % TILE_WIDTH;
    const index = Math.floor(hashes / TILE_WIDTH);
    if (width > 0) yield { kind: 'tile', level, index, width };
  }
  const blocks = blocksOf({ size, from, to });
  for (let start = 0; start < size; start += TILE_WIDTH ** 2) {
    for (let level = top; level >= 1; level--) {
      const leaves = TILE_WIDTH ** (level + 1);
      if (start % leaves !== 0 || start + leaves > size) continue;
      yield { kind: 'tile', level, index: start / leaves, width: TILE_WIDTH };
    }
    const end = Math.min(blocks.end, start / TILE_WIDTH + TILE_WIDTH);
    for (let index = Math.max(blocks.firstTile, start / TILE_WIDTH); index < end; index++) {
      const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
      if (width === TILE_WIDTH) yield { kind: 'tile', level: 0, index, width };
      if (index < blocks.first) continue;
      yield { kind: 'entries', level: 0, index, width };
      yield { kind: 'payload', level: 0, index, width };
    }
  }
}

/** The highest level that has a tile, full or partial. */
function topLevel(size: number): number {
  let level = 0;
  while (TILE_WIDTH ** (level + 1) <= size) level++;
  return level;
}

/** Blocks of 256 leaves: the first with a tile, the first with entries, and the one behind the last. */
function blocksOf({ from, to }: BundleRange): { firstTile: number; first: number; end: number } {
  if (from >= to) return { firstTile: 0, first: 0, end: 0 };
  return {
    firstTile: Math.floor(Math.max(from - 1, 0) / TILE_WIDTH),
    first: Math.floor(from / TILE_WIDTH),
    end: Math.ceil(to / TILE_WIDTH),
  };
}
