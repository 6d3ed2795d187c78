import { nodeHash, EMPTY_ROOT, perfectRoot } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';

/** log2 of the hashes in a tile. */
const TILE_HEIGHT = 8;

/**
 * Consistency proof PROOF(from, D[to]) of RFC 6962 section 2.1.2 out of leaf hashes and tile roots: a few hundred
 * hashes are read whatever the size. Empty for `from` 0 and for equal sizes.
 */
export async function consistencyProofFrom(
  tx: SqlTx,
  from: bigint,
  to: bigint,
): Promise<Uint8Array[]> {
  return from === 0n ? [] : subproof(tx, from, 0n, to, true);
}

/** Inclusion proof PATH(index, D[size]) of RFC 6962 section 2.1.1, leaf side first, out of the same hashes. */
export async function inclusionProofFrom(
  tx: SqlTx,
  index: bigint,
  size: bigint,
): Promise<Uint8Array[]> {
  return path(tx, index, 0n, size);
}

async function path(tx: SqlTx, m: bigint, start: bigint, end: bigint): Promise<Uint8Array[]> {
  const size = end - start;
  if (size === 1n) return [];
  const k = splitPoint(size);
  const middle = start + k;
  return m < k
    ? [...(await path(tx, m, start, middle)), await storedRoot(tx, middle, end)]
    : [...(await path(tx, m - k, middle, end)), await storedRoot(tx, start, middle)];
}

async function subproof(
  tx: SqlTx,
  m: bigint,
  start: bigint,
  end: bigint,
  whole: boolean,
): Promise<Uint8Array[]> {
  const size = end - start;
  if (m === size) return whole ? [] : [await storedRoot(tx, start, end)];
  const k = splitPoint(size);
  const middle = start + k;
  return m <= k
    ? [...(await subproof(tx, m, start, middle, whole)), await storedRoot(tx, middle, end)]
    : [...(await subproof(tx, m - k, middle, end, false)), await storedRoot(tx, start, middle)];
}

/** Root of the subtree over the leaves start .. end - 1, where RFC 6962 splits the tree there. */
export async function storedRoot(tx: SqlTx, start: bigint, end: bigint): Promise<Uint8Array> {
  const size = end - start;
  if (size === 0n) return EMPTY_ROOT;
  if ((size & (size - 1n)) === 0n) return perfectSubtree(tx, start, size);
  const middle = start + splitPoint(size);
  return nodeHash(await storedRoot(tx, start, middle), await storedRoot(tx, middle, end));
}

/** Root over `size` leaves, a power of two, of which `start` is a multiple. */
async function perfectSubtree(tx: SqlTx, start: bigint, size: bigint): Promise<Uint8Array> {
  const height = size.toString(2).length - 1;
  const level = Math.floor(height / TILE_HEIGHT);
  const shift = BigInt(level * TILE_HEIGHT);
  const first = start >> shift;
  const count = size >> shift;
  const rows = await tx.query<{ hash: Buffer }>(level === 0 ? LEAVES : TILE_ROOTS, [
    tx.tenantId,
    first,
    first + count,
    ...(level === 0 ? [] : [level - 1]),
  ]);
  if (BigInt(rows.length) !== count) {
    throw new AppError('INTERNAL', { publicMessage: 'Hashes of the stored tree are missing.' });
  }
  return perfectRoot(rows.map((row) => row.hash));
}

const LEAVES = `SELECT leaf_hash AS hash FROM ledger_entry
  WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq < $3::bigint ORDER BY seq`;
/** A hash of level L is the root of a full tile of level L - 1. */
const TILE_ROOTS = `SELECT root AS hash FROM ledger_tile
  WHERE tenant_id = $1::uuid AND level = $4::smallint AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`;

/** The largest power of two below `n`, for n >= 2. */
function splitPoint(n: bigint): bigint {
  return 1n << BigInt((n - 1n).toString(2).length - 1);
}
