import { Frontier, partialTiles, TileBuilder } from '@countersign/chain';
import type { Queryable } from '@countersign/database';
import { AppError, type TenantId } from '@countersign/kernel';
import { readOnly } from './read-only.js';

/** Where a tenant's log ends: all that is needed to number, chain and hash what comes next. */
export interface Head {
  readonly size: bigint;
  /** Leaf hash of the last entry, hex; 64 zeros when there is none. */
  readonly hashHex: string;
  readonly frontier: Frontier;
  /** Null when only a few entries follow that cannot complete a tile. */
  readonly tiles: TileBuilder | null;
  readonly lastRecordedAt: Date;
}

interface HeadRow {
  readonly size: bigint;
  readonly head_hash: Buffer;
  readonly frontier: Buffer;
  readonly last_recorded_at: Date;
  readonly frozen_reason: string | null;
}

const TILE_WIDTH = 256n;

/**
 * Reads the head, and the open tiles where `count` more entries could complete one. With `lock`, keeps every other
 * append of the tenant waiting until the transaction ends, and refuses a frozen log with READ_ONLY. Throws LOG_NOT_OPEN.
 */
export async function loadHead(
  db: Queryable,
  tenantId: TenantId,
  options: { readonly lock: boolean; readonly count: number },
): Promise<Head> {
  const [row] = await db.query<HeadRow>(
    `SELECT size, head_hash, frontier, last_recorded_at, frozen_reason FROM ledger_head
     WHERE tenant_id = $1::uuid ${options.lock ? 'FOR UPDATE' : ''}`,
    [tenantId],
  );
  if (row === undefined) throw logNotOpen();
  if (options.lock && row.frozen_reason !== null) throw readOnly(row.frozen_reason);
  const completesTile = (row.size % TILE_WIDTH) + BigInt(options.count) >= TILE_WIDTH;
  return {
    size: row.size,
    hashHex: row.head_hash.toString('hex'),
    frontier: Frontier.parse(row.frontier),
    tiles: completesTile ? await loadOpenTiles(db, tenantId, row.size) : null,
    lastRecordedAt: row.last_recorded_at,
  };
}

/** The hashes of each tile that is not full yet: leaf hashes at level 0, roots of full tiles above. */
export async function loadOpenTiles(
  db: Queryable,
  tenantId: TenantId,
  size: bigint,
): Promise<TileBuilder> {
  const hashes = new Map<number, Uint8Array[]>();
  for (const { level, firstIndex, count } of partialTiles(size)) {
    const rows = await db.query<{ hash: Buffer }>(level === 0 ? LEAVES : TILE_ROOTS, [
      tenantId,
      firstIndex,
      firstIndex + BigInt(count),
      ...(level === 0 ? [] : [level - 1]),
    ]);
    hashes.set(
      level,
      rows.map((row) => row.hash),
    );
  }
  return TileBuilder.resume(size, (partial) => hashes.get(partial.level) ?? []);
}

const LEAVES = `SELECT leaf_hash AS hash FROM ledger_entry
  WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq < $3::bigint ORDER BY seq`;
const TILE_ROOTS = `SELECT root AS hash FROM ledger_tile
  WHERE tenant_id = $1::uuid AND level = $4::smallint AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`;

export function logNotOpen(): AppError {
  return new AppError('LOG_NOT_OPEN', {
    publicMessage: 'The tenant has no ledger yet.',
    hint: 'Open the tenant first: that opens its ledger too.',
  });
}
