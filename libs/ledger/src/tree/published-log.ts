import { encodeEntryBundle, TILE_WIDTH } from '@countersign/chain';
import type { Queryable, SqlTx } from '@countersign/database';
import { HeadsQueries } from '../heads/heads-queries.js';
import { widthAt } from './stored-tree.js';
import { headsTiles, ledgerTiles, tileBytes, type TileStore } from './tile-store.js';

/** A log as far as its newest published checkpoint goes: what C2SP tlog-tiles serves of it, at one snapshot. */
export interface PublishedLog {
  readonly size: bigint;
  /** The signed note, with cosignatures where there are any. */
  readonly checkpoint: string;
  /** The first `width` hashes of a tile; null where the published tree does not have so many. */
  tile(level: number, index: bigint, width: number): Promise<Uint8Array | null>;
  /** The entry bundle of the same entries, at level 0. */
  entries(index: bigint, width: number): Promise<Uint8Array | null>;
}

/** The ledger of tx.tenantId; null before its first checkpoint. */
export async function publishedLedger(tx: SqlTx): Promise<PublishedLog | null> {
  const [newest] = await tx.query<{ size: bigint; note: string }>(
    'SELECT size, note FROM ledger_checkpoint WHERE tenant_id = $1::uuid ORDER BY size DESC LIMIT 1',
    [tx.tenantId],
  );
  if (newest === undefined) return null;
  return published(newest.size, newest.note, ledgerTiles(tx), async (first, end) => {
    const rows = await tx.query<{ canonical: Buffer }>(
      `SELECT canonical FROM ledger_entry
       WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq < $3::bigint ORDER BY seq`,
      [tx.tenantId, first, end],
    );
    return rows.map((row) => row.canonical);
  });
}

/** The log of heads; null before its first published checkpoint. */
export async function publishedHeads(
  db: Queryable,
  queries: HeadsQueries = new HeadsQueries(),
): Promise<PublishedLog | null> {
  const newest = await queries.checkpoint(db, { published: true });
  if (newest === null) return null;
  return published(newest.size, newest.note, headsTiles(db, newest.logId), (first, end) =>
    queries.leaves(db, first, end),
  );
}

function published(
  size: bigint,
  checkpoint: string,
  tiles: TileStore,
  leaves: (first: bigint, end: bigint) => Promise<Buffer[]>,
): PublishedLog {
  return {
    size,
    checkpoint,
    tile: async (level, index, width) =>
      widthAt(size, level, index) < width ? null : tileBytes(tiles, level, index, width),
    entries: async (index, width) => {
      if (widthAt(size, 0, index) < width) return null;
      const first = index * BigInt(TILE_WIDTH);
      return encodeEntryBundle(await leaves(first, first + BigInt(width)));
    },
  };
}
