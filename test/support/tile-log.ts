import {
  encodeEntryBundle,
  leafHash,
  partialTiles,
  rootOf,
  signCheckpoint,
  TILE_WIDTH,
  tilePath,
  type NoteSigner,
} from '@countersign/chain';

/** The files of a log as C2SP tlog-tiles lays them out, by path. Everything is held in memory: for tests. */
export type TileLog = Map<string, Buffer>;

/**
 * A log of these entries at its full size. Tiles are made by their definition, row by row, not by `TileBuilder`, so that
 * the two check each other.
 */
export function tileLog(entries: readonly Uint8Array[], signers: readonly NoteSigner[]): TileLog {
  const files: TileLog = new Map();
  const put = (level: number | 'entries', first: number, bytes: Buffer, width: number): void => {
    files.set(tilePath(level, BigInt(first / TILE_WIDTH), width), bytes);
  };
  for (let first = 0; first < entries.length; first += TILE_WIDTH) {
    const bundle = entries.slice(first, first + TILE_WIDTH);
    put('entries', first, encodeEntryBundle(bundle), bundle.length);
  }
  const leaves = entries.map((entry) => leafHash(entry));
  let row: Uint8Array[] = leaves;
  for (let level = 0; row.length > 0; level++) {
    const above: Uint8Array[] = [];
    for (let first = 0; first < row.length; first += TILE_WIDTH) {
      const hashes = row.slice(first, first + TILE_WIDTH);
      put(level, first, Buffer.concat(hashes), hashes.length);
      if (hashes.length === TILE_WIDTH) above.push(rootOf(hashes));
    }
    row = above;
  }
  files.set('checkpoint', Buffer.from(checkpointOf(leaves, signers)));
  return files;
}

/** The signed checkpoint of the tree over these leaf hashes, of the log that the first signer names. */
export function checkpointOf(
  leaves: readonly Uint8Array[],
  signers: readonly NoteSigner[],
): string {
  const origin = signers[0]?.name ?? '';
  return signCheckpoint({ origin, size: BigInt(leaves.length), root: rootOf(leaves) }, signers);
}

/** Paths of the partial tiles of a tree, entries included: those that a larger tree replaces. */
export function partialPaths(size: bigint): string[] {
  return partialTiles(size).flatMap(({ level, firstIndex, count }) => {
    const index = firstIndex / BigInt(TILE_WIDTH);
    const tile = tilePath(level, index, count);
    return level === 0 ? [tile, tilePath('entries', index, count)] : [tile];
  });
}
