import { TILE_BYTES, TILE_WIDTH } from '@countersign/chain';
import type { Queryable, SqlTx } from '@countersign/database';

/**
 * Where the hashes of a tree are kept: full tiles as they are (C2SP tlog-tiles), and beneath the right edge leaf
 * hashes (level 0) and roots of full tiles (above), out of which partial tiles follow.
 */
export interface TileStore {
  /** The 8,192 bytes of a full tile; null when that tile is not full yet. */
  full(level: number, index: bigint): Promise<Buffer | null>;
  /** `count` hashes of a level from `first` on; fewer when they are not there. */
  hashes(level: number, first: bigint, count: number): Promise<Buffer[]>;
  /** The first `width` hashes of many tiles in one statement, in order; null or too short where they are not there. */
  many(tiles: readonly TileWanted[]): Promise<(Buffer | null)[]>;
}

export interface TileWanted {
  readonly level: number;
  readonly index: bigint;
  /** 1 .. 256. */
  readonly width: number;
}

/** The tree of tx.tenantId's ledger. */
export function ledgerTiles(tx: SqlTx): TileStore {
  return tilesOf(tx, tx.tenantId, LEDGER);
}

/** The tree of a log of heads. */
export function headsTiles(db: Queryable, logId: string): TileStore {
  return tilesOf(db, logId, HEADS);
}

/** The first `width` hashes of a tile, or null when the store does not hold them. */
export async function tileBytes(
  store: TileStore,
  level: number,
  index: bigint,
  width: number,
): Promise<Buffer | null> {
  const full = await store.full(level, index);
  if (full !== null) return full.subarray(0, (TILE_BYTES / TILE_WIDTH) * width);
  const hashes = await store.hashes(level, index * BigInt(TILE_WIDTH), width);
  return hashes.length === width ? Buffer.concat(hashes) : null;
}

interface Statements {
  readonly of: 'ledger' | 'heads';
  readonly tile: string;
  readonly leaves: string;
  /** A hash of level L is the root of a full tile of level L - 1. */
  readonly roots: string;
  readonly many: string;
}

/** `own` holds tiles and `leaves` leaf hashes, both of the log whose `key` is $1. */
function manyTiles(own: string, leaves: string, key: string, place: string): string {
  return `SELECT CASE
      WHEN w.width = ${TILE_WIDTH} THEN
        (SELECT t.hashes FROM ${own} t WHERE t.${key} = $1::uuid AND t.level = w.level AND t.idx = w.idx)
      WHEN w.level = 0 THEN
        (SELECT string_agg(l.leaf_hash, ''::bytea ORDER BY l.${place}) FROM ${leaves} l WHERE l.${key} = $1::uuid
           AND l.${place} >= w.idx * ${TILE_WIDTH} AND l.${place} < w.idx * ${TILE_WIDTH} + w.width)
      ELSE
        (SELECT string_agg(t.root, ''::bytea ORDER BY t.idx) FROM ${own} t WHERE t.${key} = $1::uuid AND t.level = w.level - 1
           AND t.idx >= w.idx * ${TILE_WIDTH} AND t.idx < w.idx * ${TILE_WIDTH} + w.width)
    END AS hashes
    FROM unnest($2::smallint[], $3::bigint[], $4::int[]) WITH ORDINALITY AS w(level, idx, width, n) ORDER BY n`;
}

const LEDGER: Statements = {
  of: 'ledger',
  tile: 'SELECT hashes FROM ledger_tile WHERE tenant_id = $1::uuid AND level = $2::smallint AND idx = $3::bigint',
  leaves: `SELECT leaf_hash AS hash FROM ledger_entry
    WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq < $3::bigint ORDER BY seq`,
  roots: `SELECT root AS hash FROM ledger_tile
    WHERE tenant_id = $1::uuid AND level = $4::smallint AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`,
  many: manyTiles('ledger_tile', 'ledger_entry', 'tenant_id', 'seq'),
};

const HEADS: Statements = {
  of: 'heads',
  tile: 'SELECT hashes FROM heads_tile WHERE log_id = $1::uuid AND level = $2::smallint AND idx = $3::bigint',
  leaves: `SELECT leaf_hash AS hash FROM heads_leaf
    WHERE log_id = $1::uuid AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`,
  roots: `SELECT root AS hash FROM heads_tile
    WHERE log_id = $1::uuid AND level = $4::smallint AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`,
  many: manyTiles('heads_tile', 'heads_leaf', 'log_id', 'idx'),
};

function tilesOf(db: Queryable, key: string, statements: Statements): TileStore {
  return {
    full: async (level, index) => {
      const [row] = await db.query<{ hashes: Buffer }>(statements.tile, [key, level, index]);
      return row?.hashes ?? null;
    },
    hashes: async (level, first, count) => {
      const range = [key, first, first + BigInt(count)];
      const rows = await (level === 0
        ? db.query<{ hash: Buffer }>(statements.leaves, range)
        : db.query<{ hash: Buffer }>(statements.roots, [...range, level - 1]));
      return rows.map((row) => row.hash);
    },
    many: async (tiles) => {
      const rows = await db.query<{ hashes: Buffer | null }>(
        statements.many,
        [
          key,
          tiles.map(({ level }) => level),
          tiles.map(({ index }) => index),
          tiles.map(({ width }) => width),
        ],
        `${statements.of}_tiles`,
      );
      return rows.map((row) => row.hashes);
    },
  };
}
