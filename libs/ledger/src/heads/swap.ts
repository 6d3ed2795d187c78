import {
  encodeHeadLeaf,
  Frontier,
  leafHash,
  partialTiles,
  TileBuilder,
  type HeadLeaf,
} from '@countersign/chain';
import type { Queryable } from '@countersign/database';
import { headsTiles } from '../tree/tile-store.js';

/** Where a log of heads ends. */
export interface HeadsHead {
  readonly size: bigint;
  readonly frontier: Frontier;
}

/** Reads the head; null before the log has one. */
export async function loadHeadsHead(db: Queryable, logId: string): Promise<HeadsHead | null> {
  const [row] = await db.query<{ size: bigint; frontier: Buffer }>(
    'SELECT size, frontier FROM heads_head WHERE log_id = $1::uuid',
    [logId],
  );
  return row === undefined ? null : { size: row.size, frontier: Frontier.parse(row.frontier) };
}

/**
 * Stores leaves behind `head` and moves the head, all in one statement, if the head is still where it was: false, and
 * nothing stored, when somebody else moved it. Then read anew and build again, never retry as it is.
 */
export async function swapHead(
  db: Queryable,
  logId: string,
  head: HeadsHead,
  leaves: readonly HeadLeaf[],
): Promise<boolean> {
  const data = leaves.map(encodeHeadLeaf);
  const hashes = data.map(leafHash);
  const frontier = head.frontier.clone();
  frontier.append(hashes);
  const full = (await openTiles(db, logId, head.size)).append(hashes);
  const [row] = await db.query<{ moved: bigint }>(SWAP, [
    logId,
    head.size,
    frontier.size,
    frontier.serialize(),
    Buffer.from(frontier.root()),
    leaves.map((_, i) => head.size + BigInt(i)),
    leaves.map((leaf) => leaf.kind),
    leaves.map((leaf) => leaf.origin),
    leaves.map((leaf) => (leaf.kind === 'head/1' ? leaf.size : null)),
    data,
    hashes,
    full.map((tile) => tile.level),
    full.map((tile) => tile.index),
    full.map((tile) => Buffer.from(tile.root)),
    full.map((tile) => tile.hashes),
  ]);
  return row?.moved === 1n;
}

/** Compare and swap: every part depends on the head having been at $2. */
const SWAP = `WITH moved AS (
    UPDATE heads_head SET size = $3::bigint, frontier = $4::bytea, root = $5::bytea
    WHERE log_id = $1::uuid AND size = $2::bigint RETURNING 1
  ), leaf AS (
    INSERT INTO heads_leaf (log_id, idx, kind, origin, tree_size, leaf, leaf_hash)
    SELECT $1::uuid, u.* FROM unnest($6::bigint[], $7::text[], $8::text[], $9::bigint[], $10::bytea[], $11::bytea[]) AS u
    WHERE EXISTS (SELECT FROM moved)
  ), tile AS (
    INSERT INTO heads_tile (log_id, level, idx, root, hashes)
    SELECT $1::uuid, u.* FROM unnest($12::smallint[], $13::bigint[], $14::bytea[], $15::bytea[]) AS u
    WHERE EXISTS (SELECT FROM moved)
  )
  SELECT count(*) AS moved FROM moved`;

async function openTiles(db: Queryable, logId: string, size: bigint): Promise<TileBuilder> {
  const tiles = headsTiles(db, logId);
  const hashes = new Map<number, Uint8Array[]>();
  for (const { level, firstIndex, count } of partialTiles(size)) {
    hashes.set(level, await tiles.hashes(level, firstIndex, count));
  }
  return TileBuilder.resume(size, (partial) => hashes.get(partial.level) ?? []);
}
