import { formatTlogProof } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import { StoredTree } from '../tree/stored-tree.js';
import { headsTiles, ledgerTiles } from '../tree/tile-store.js';
import { receiptGround } from './receipt-ground.js';

/** That an entry is in a ledger, and that the log of heads says so. */
export interface EntryReceipt {
  /** c2sp.org/tlog-proof@v1 of the entry; the entry's canonical bytes are its leaf data. */
  readonly proof: string;
  /** Size of the checkpoint in it. */
  readonly size: bigint;
  /** c2sp.org/tlog-proof@v1 of that checkpoint's `head/1` leaf; null while no published checkpoint covers it. */
  readonly heads: string | null;
}

export type ReceiptFailure =
  | { readonly code: 'NOT_FOUND'; readonly entries: bigint }
  /** It is there, and the first checkpoint that covers it is still to be signed. */
  | { readonly code: 'NOT_PUBLISHED'; readonly signed: bigint };

/**
 * A receipt under the newest checkpoint that the log of heads vouches for, if that one covers the entry; else under the
 * newest that is signed.
 */
export async function entryReceipt(
  tx: SqlTx,
  sequence: bigint,
): Promise<({ readonly ok: true } & EntryReceipt) | ({ readonly ok: false } & ReceiptFailure)> {
  const ground = await receiptGround(tx, sequence);
  const { entries, heads, note, size } = ground;
  if (sequence < 0n || sequence >= entries) return { ok: false, code: 'NOT_FOUND', entries };
  if (sequence >= size) return { ok: false, code: 'NOT_PUBLISHED', signed: size };
  const hashes = await new StoredTree(ledgerTiles(tx), size).inclusionProof(sequence);
  const proof = formatTlogProof({ index: sequence, hashes, checkpoint: note });
  if (heads === null) return { ok: true, proof, size, heads: null };
  const { index } = heads;
  const tree = new StoredTree(headsTiles(tx, heads.logId), heads.size);
  const headProof = formatTlogProof({
    index,
    hashes: await tree.inclusionProof(index),
    checkpoint: heads.note,
  });
  return { ok: true, proof, size, heads: headProof };
}
