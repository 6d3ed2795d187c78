import { ChainError } from '../errors.js';
import { ENTRY_BYTES_MAX } from '../entry/header.js';
import { TILE_WIDTH } from '../tree/tiles.js';

/** Largest entry bundle: 256 entries of 65,535 bytes, each behind its length. */
export const ENTRY_BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_BYTES_MAX);

/**
 * The bytes of C2SP tlog-tiles' entry bundle: for each entry its length in 2 bytes, big-endian, then the entry. Throws
 * ChainError INDEX_OUT_OF_RANGE unless there are 1 to 256 entries, ENTRY_TOO_LARGE for one beyond 65,535 bytes.
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Buffer {
  if (entries.length < 1 || entries.length > TILE_WIDTH) {
    throw new ChainError('INDEX_OUT_OF_RANGE', `${entries.length} entries in a bundle`);
  }
  const total = entries.reduce((sum, entry) => sum + 2 + entry.byteLength, 0);
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const entry of entries) {
    if (entry.byteLength > ENTRY_BYTES_MAX) {
      throw new ChainError('ENTRY_TOO_LARGE', `${entry.byteLength} bytes`);
    }
    at = bytes.writeUInt16BE(entry.byteLength, at);
    bytes.set(entry, at);
    at += entry.byteLength;
  }
  return bytes;
}

/**
 * The entries of a bundle, as views of its bytes; null unless it holds 1 to 256 of them and nothing else. An entry may
 * be empty here: what an entry has to be is not the bundle's business.
 */
export function decodeEntryBundle(bytes: Uint8Array): Uint8Array[] | null {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    if (entries.length === TILE_WIDTH || at + 2 > bytes.byteLength) return null;
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    at += 2;
    if (at + length > bytes.byteLength) return null;
    entries.push(bytes.subarray(at, at + length));
    at += length;
  }
  return entries.length === 0 ? null : entries;
}
