import { formatTlogProof } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import { HeadsQueries } from '../heads/heads-queries.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { StoredTree } from '../tree/stored-tree.js';
import { ledgerTiles } from '../tree/tile-store.js';

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
  const queries = new LedgerQueries();
  const entries = await queries.size(tx);
  if (sequence < 0n || sequence >= entries) return { ok: false, code: 'NOT_FOUND', entries };
  const log = await queries.log(tx);
  const headsLog = await new HeadsQueries().current(tx);
  const heads = new HeadsQueries(headsLog === null ? {} : { log: headsLog });
  const head = log === null ? null : await heads.newestHeadOf(tx, log.origin);
  const covers = head !== null && sequence < head.treeSize;
  const checkpoint = covers
    ? await queries.checkpointAt(tx, head.treeSize)
    : await queries.checkpoint(tx);
  if (checkpoint === null || sequence >= checkpoint.size) {
    return { ok: false, code: 'NOT_PUBLISHED', signed: checkpoint?.size ?? 0n };
  }
  const { note, size } = checkpoint;
  const hashes = await new StoredTree(ledgerTiles(tx), size).inclusionProof(sequence);
  const proof = formatTlogProof({ index: sequence, hashes, checkpoint: note });
  if (!covers) return { ok: true, proof, size, heads: null };
  const published = await heads.checkpointAt(tx, head.headsSize);
  const headProof =
    published === null
      ? null
      : formatTlogProof({
          index: head.index,
          hashes: await heads.inclusionProof(tx, head.index, head.headsSize),
          checkpoint: published.note,
        });
  return { ok: true, proof, size, heads: headProof };
}
