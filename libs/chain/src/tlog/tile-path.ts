import { ChainError } from '../errors.js';
import { TILE_WIDTH } from '../tree/tiles.js';
import { isSize, parseSize } from './size.js';

/** Highest level that C2SP tlog-tiles names. */
const LEVEL_MAX = 63;

/** A tile of hashes, or a bundle of entries, in the words of C2SP tlog-tiles. */
export interface TileName {
  /** 0 holds leaf hashes; `entries` holds the entries themselves. */
  readonly level: number | 'entries';
  readonly index: bigint;
  /** 1 .. 255 of a partial tile, 256 of a full one. */
  readonly width: number;
}

/**
 * Where C2SP tlog-tiles puts a tile: `tile/0/x001/x234/067`, or `tile/entries/x001/234.p/17` when it is partial. A width
 * of 256, or none, is a full one. Throws ChainError INDEX_OUT_OF_RANGE.
 */
export function tilePath(
  level: number | 'entries',
  index: bigint,
  width: number = TILE_WIDTH,
): string {
  const known = level === 'entries' || (Number.isInteger(level) && level >= 0);
  if (!known || (level !== 'entries' && level > LEVEL_MAX)) {
    throw new ChainError('INDEX_OUT_OF_RANGE', 'a level of tiles is entries or 0 to 63');
  }
  if (!isSize(index)) throw new ChainError('INDEX_OUT_OF_RANGE', `tile ${index}`);
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new ChainError('INDEX_OUT_OF_RANGE', `a tile of ${width} hashes`);
  }
  return `tile/${level}/${groups(index)}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Index in groups of three digits, all but the last behind an `x`: 1234067 is `x001/x234/067`. */
function groups(index: bigint): string {
  const digits = index.toString(10);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  return padded.replace(/(\d{3})(?=\d)/g, 'x$1/');
}

const TILE_PATH =
  /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,6}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** Strict inverse of `tilePath`: null for any path that it would not have printed. */
export function parseTilePath(path: string): TileName | null {
  const match = TILE_PATH.exec(path);
  if (match === null) return null;
  const [, levelText = '', indexText = '', widthText] = match;
  const index = parseSize(indexText.replace(/[x/]/g, '').replace(/^0+(?=\d)/, ''));
  if (index === null) return null;
  const level = levelText === 'entries' ? 'entries' : Number(levelText);
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  if (width > TILE_WIDTH || (level !== 'entries' && level > LEVEL_MAX)) return null;
  return tilePath(level, index, width) === path ? { level, index, width } : null;
}
