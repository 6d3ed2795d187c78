import { Frontier, sameBytes } from '@countersign/chain';
import type { Queryable, SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { StoredTree } from '../tree/stored-tree.js';
import { headsTiles, ledgerTiles, type TileStore } from '../tree/tile-store.js';

/** Leaf hashes per statement. */
const CHUNK = 5_000;

/** A tree head, from a checkpoint or from the head row. */
export interface TreeHead {
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** A stored log whose leaves PostgreSQL hashes anew. */
export interface StoredLog {
  readonly tiles: TileStore;
  /** Leaves first .. end - 1 in order, at most as many as it likes at once. */
  hashed(first: bigint, end: bigint): Promise<HashedLeaf[]>;
}

export interface HashedLeaf {
  readonly computed: Buffer;
  readonly leaf_hash: Buffer;
}

/** The ledger of tx.tenantId. */
export function ledgerLeaves(tx: SqlTx): StoredLog {
  return {
    tiles: ledgerTiles(tx),
    hashed: (first, end) =>
      tx.query(
        `SELECT sha256('\\x00'::bytea || canonical) AS computed, leaf_hash FROM ledger_entry
         WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq < $3::bigint ORDER BY seq LIMIT ${CHUNK}`,
        [tx.tenantId, first, end],
      ),
  };
}

/** A log of heads. */
export function headsLeaves(db: Queryable, logId: string): StoredLog {
  return {
    tiles: headsTiles(db, logId),
    hashed: (first, end) =>
      db.query(
        `SELECT sha256('\\x00'::bytea || leaf) AS computed, leaf_hash FROM heads_leaf
         WHERE log_id = $1::uuid AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx LIMIT ${CHUNK}`,
        [logId, first, end],
      ),
  };
}

/**
 * Recomputes the root at `head.size` from the store alone: the tree of the last checkpoint from tiles, and the leaves
 * since then hashed anew by PostgreSQL from their canonical bytes. Throws STORE_MISMATCH when the store contradicts
 * the last checkpoint, its own leaf hashes or `head`: such a state must never be signed.
 */
export async function readBackRoot(
  log: StoredLog,
  last: TreeHead | null,
  head: TreeHead,
): Promise<Uint8Array> {
  const frontier =
    last === null ? Frontier.empty() : await new StoredTree(log.tiles, last.size).frontier();
  if (last !== null && !sameBytes(frontier.root(), last.root)) {
    throw mismatch(last.size, 'the stored tree is not the one of the last checkpoint');
  }
  while (frontier.size < head.size) {
    const first = frontier.size;
    const rows = await log.hashed(first, head.size);
    if (rows.length === 0) throw mismatch(first, 'an entry is missing');
    for (const { computed, leaf_hash } of rows) {
      if (!sameBytes(computed, leaf_hash)) throw mismatch(frontier.size, 'a leaf hash is wrong');
      frontier.appendOne(computed);
    }
  }
  const root = frontier.root();
  if (!sameBytes(root, head.root)) throw mismatch(head.size, 'the head row has another root');
  return root;
}

function mismatch(sequence: bigint, what: string): AppError {
  return new AppError('STORE_MISMATCH', {
    publicMessage: `The stored ledger does not hold together at ${sequence}: ${what}. Nothing was signed.`,
    hint: 'Stop writing, keep the database as it is, and run: countersign verify --live',
    details: { sequence: sequence.toString() },
  });
}
