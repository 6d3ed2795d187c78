import { addSignatureLines } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import { cosignatureLines, IS_CURRENT } from '../heads/heads-queries.js';

/** What a receipt for an entry is made of, apart from hashes. */
export interface ReceiptGround {
  /** Entries of the ledger. */
  readonly entries: bigint;
  /** Size and note of the checkpoint that the receipt is under; 0n and empty before the first. */
  readonly size: bigint;
  readonly note: string;
  /** The checkpoint's leaf in the log of heads; null while no published checkpoint of that log covers one that covers the entry. */
  readonly heads: HeadsGround | null;
}

interface HeadsGround {
  readonly logId: string;
  /** Of the `head/1` leaf. */
  readonly index: bigint;
  /** Size and note, cosignatures included, of the newest published checkpoint. */
  readonly size: bigint;
  readonly note: string;
}

interface GroundRow {
  readonly entries: bigint;
  readonly size: bigint | null;
  readonly note: string | null;
  readonly log_id: string | null;
  readonly idx: bigint | null;
  readonly heads_size: bigint;
  readonly heads_note: string | null;
  readonly lines: string[];
}

/**
 * In one statement, because a proof is asked for one entry at a time, and each way to the database and back costs as much
 * as all of the hashing. g: the log of heads of today; p: how much of it is published; h: the newest head of the tenant's
 * log in that, if it covers the entry; c: the checkpoint of that head, else the newest.
 */
const GROUND_SQL = `WITH g AS (
    SELECT g.log_id FROM heads_log g WHERE ${IS_CURRENT}
  ), p AS (
    SELECT p.log_id, p.size FROM heads_publication p
    WHERE p.log_id = (SELECT log_id FROM g) ORDER BY p.size DESC LIMIT 1
  ), h AS (
    SELECT h.idx, h.tree_size FROM heads_leaf h
    WHERE h.log_id = (SELECT log_id FROM p) AND h.kind = 'head/1' AND h.idx < (SELECT size FROM p)
      AND h.origin = (SELECT origin FROM ledger_log WHERE tenant_id = $1::uuid ORDER BY opened_at DESC LIMIT 1)
    ORDER BY h.idx DESC LIMIT 1
  )
  SELECT e.size AS entries, c.size, c.note, p.log_id, h.idx, p.size AS heads_size, k.note AS heads_note,
    ${cosignatureLines('p')} AS lines
  FROM ledger_head e
  LEFT JOIN p ON true
  LEFT JOIN h ON h.tree_size > $2::bigint
  LEFT JOIN heads_checkpoint k ON k.log_id = p.log_id AND k.size = p.size
  LEFT JOIN ledger_checkpoint c ON c.tenant_id = $1::uuid
    AND c.size = coalesce(h.tree_size, (SELECT max(size) FROM ledger_checkpoint WHERE tenant_id = $1::uuid))
  WHERE e.tenant_id = $1::uuid`;

/** What there is for the entry at this sequence, whether it is there or not. */
export async function receiptGround(tx: SqlTx, sequence: bigint): Promise<ReceiptGround> {
  // Nothing lies beyond 64 bits, and PostgreSQL could not be asked.
  const within = BigInt.asIntN(64, sequence) === sequence ? sequence : -1n;
  const [row] = await tx.query<GroundRow>(GROUND_SQL, [tx.tenantId, within], 'receipt_ground');
  if (row === undefined) return { entries: 0n, size: 0n, note: '', heads: null };
  return {
    entries: row.entries,
    size: row.size ?? 0n,
    note: row.note ?? '',
    heads: headsOf(row),
  };
}

function headsOf(row: GroundRow): HeadsGround | null {
  const { heads_note: note, heads_size: size, idx, lines, log_id: logId } = row;
  if (logId === null || idx === null || note === null) return null;
  return { logId, index: idx, size, note: addSignatureLines(note, lines) };
}
