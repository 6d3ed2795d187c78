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
  readonly tile: string;
  readonly leaves: string;
  /** A hash of level L is the root of a full tile of level L - 1. */
  readonly roots: string;
}

const LEDGER: Statements = {
  tile: 'SELECT hashes FROM ledger_tile WHERE tenant_id = $1::uuid AND level = $2::smallint AND idx = $3::bigint',
  leaves: `SELECT leaf_hash AS hash FROM ledger_entry
    WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq < $3::bigint ORDER BY seq`,
  roots: `SELECT root AS hash FROM ledger_tile
    WHERE tenant_id = $1::uuid AND level = $4::smallint AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`,
};

const HEADS: Statements = {
  tile: 'SELECT hashes FROM heads_tile WHERE log_id = $1::uuid AND level = $2::smallint AND idx = $3::bigint',
  leaves: `SELECT leaf_hash AS hash FROM heads_leaf
    WHERE log_id = $1::uuid AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`,
  roots: `SELECT root AS hash FROM heads_tile
    WHERE log_id = $1::uuid AND level = $4::smallint AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`,
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
  };
}
