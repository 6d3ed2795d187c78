import { formatTlogProof } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import {
  AppError,
  decodeCursor,
  encodeCursor,
  pageSize,
  type Page,
  type PageRequest,
} from '@countersign/kernel';
import type { TenantSeal, Vault } from '@countersign/vault';
import { TIER_COLUMNS, tierOf, type TierMarks } from '../heads/tier.js';
import { Contents } from '../sealing/contents.js';
import { StoredTree } from '../tree/stored-tree.js';
import { ledgerTiles } from '../tree/tile-store.js';
import { Conditions, isGiven, typeConditions } from './conditions.js';
import type {
  CheckpointRecord,
  EntryFilter,
  EntryRecord,
  LogRecord,
  RangeRequest,
} from './entry-record.js';
import { selectEntries } from './entry-rows.js';
import { firstRecordedFrom } from './recorded-at.js';
import { selectMatching } from './matching.js';

export interface LedgerQueriesOptions {
  /** Opens what is sealed. Without it whatever reads the contents of entries throws. */
  readonly vault?: Vault;
}

/** Reads of one tenant's ledger. Every method runs in the caller's transaction and sees its snapshot. */
export class LedgerQueries {
  readonly #vault: Vault | undefined;

  constructor(options: LedgerQueriesOptions = {}) {
    this.#vault = options.vault;
  }

  /** Opens the sealed columns of tx.tenantId, for readers of rows. Throws as `Vault.find`. */
  async contents(tx: SqlTx): Promise<Contents> {
    return new Contents(await this.seal(tx));
  }

  /** The tenant's seal, for rooms that seal rows of their own; null once its key was destroyed. */
  async seal(tx: SqlTx): Promise<TenantSeal | null> {
    if (this.#vault === undefined) {
      throw new AppError('INTERNAL', { publicMessage: 'This reader was made without a vault.' });
    }
    return this.#vault.find(tx.tenantId);
  }

  /** Number of entries; 0n when the log is not open. */
  async size(tx: SqlTx): Promise<bigint> {
    const [row] = await tx.query<{ size: bigint }>(
      'SELECT size FROM ledger_head WHERE tenant_id = $1::uuid',
      [tx.tenantId],
    );
    return row?.size ?? 0n;
  }

  /** Identity of the tenant's log, the newest after a recovery; null when it is not open. */
  async log(tx: SqlTx): Promise<LogRecord | null> {
    const [row] = await tx.query<{ log_id: string; origin: string; opened_at: Date }>(
      `SELECT log_id, origin, opened_at FROM ledger_log
       WHERE tenant_id = $1::uuid ORDER BY opened_at DESC LIMIT 1`,
      [tx.tenantId],
    );
    if (row === undefined) return null;
    return { logId: row.log_id, origin: row.origin, openedAt: row.opened_at };
  }

  /** One entry with its evidence, or null. */
  async entry(tx: SqlTx, sequence: bigint): Promise<EntryRecord | null> {
    const contents = await this.contents(tx);
    const [entry] = await selectEntries(tx, contents, 'AND e.seq = $2::bigint', [sequence], true);
    return entry ?? null;
  }

  /** Those of the asked entries that exist, in sequence order. */
  async entriesBySequence(
    tx: SqlTx,
    sequences: readonly bigint[],
    options: { readonly evidence?: boolean } = {},
  ): Promise<EntryRecord[]> {
    if (sequences.length === 0) return [];
    const rest = 'AND e.seq = ANY ($2::bigint[]) ORDER BY e.seq';
    return selectEntries(tx, await this.contents(tx), rest, [sequences], options.evidence ?? false);
  }

  /**
   * A page of the entries that meet a filter, oldest first. Cursors stay valid for ever: a sequence never moves.
   * Throws BAD_REQUEST or BAD_CURSOR.
   */
  async entries(
    tx: SqlTx,
    filter: EntryFilter,
    page: PageRequest,
    options: { readonly evidence?: boolean } = {},
  ): Promise<Page<EntryRecord>> {
    if (isGiven(page.first) && isGiven(page.last)) {
      throw new AppError('BAD_REQUEST', {
        publicMessage: 'Ask for first or for last, not for both.',
      });
    }
    const backward = isGiven(page.last);
    const limit = pageSize(backward ? page.last : page.first);
    const after = isGiven(page.after) ? sequenceOf(page.after) : null;
    const before = isGiven(page.before) ? sequenceOf(page.before) : null;
    const bounded = await withSequences(tx, filter);
    const window = { after, before, backward, limit: limit + 1 };
    const contents = await this.contents(tx);
    const found = await selectMatching(tx, contents, bounded, window, options.evidence ?? false);
    const more = found.length > limit;
    const nodes = found.slice(0, limit);
    if (backward) nodes.reverse();
    return {
      edges: nodes.map((node) => ({ cursor: encodeCursor([node.sequence.toString()]), node })),
      hasNextPage: backward ? before !== null : more,
      hasPreviousPage: backward ? more : after !== null,
    };
  }

  /** Entries in sequence order, for projectors and exports. */
  async range(tx: SqlTx, request: RangeRequest): Promise<EntryRecord[]> {
    const conditions = new Conditions(2);
    conditions.add('e.seq > ?::bigint', request.after);
    if (request.upTo !== undefined) conditions.add('e.seq <= ?::bigint', request.upTo);
    if (request.types !== undefined) typeConditions(request.types, conditions);
    const limit = conditions.parameter(request.limit);
    const rest = `${conditions.sql} ORDER BY e.seq LIMIT ${limit}::int`;
    const contents = await this.contents(tx);
    return selectEntries(tx, contents, rest, conditions.values, request.evidence ?? false);
  }

  /** The newest checkpoint, or null before the first. */
  async checkpoint(tx: SqlTx): Promise<CheckpointRecord | null> {
    return selectCheckpoint(tx, '', []);
  }

  /** The checkpoint of exactly that size, or null when none was signed. */
  async checkpointAt(tx: SqlTx, size: bigint): Promise<CheckpointRecord | null> {
    return selectCheckpoint(tx, 'AND c.size = $2::bigint', [size]);
  }

  /** Hashes of RFC 6962 PROOF(from, D[to]). Throws BAD_REQUEST unless 0 <= from <= to <= size. */
  async consistencyProof(tx: SqlTx, from: bigint, to: bigint): Promise<Uint8Array[]> {
    const size = await this.size(tx);
    if (from < 0n || from > to || to > size) {
      throw new AppError('BAD_REQUEST', {
        publicMessage: `No proof leads from size ${from} to size ${to}: the ledger has ${size} entries.`,
        hint: 'Sizes of checkpoints, the smaller first.',
      });
    }
    return new StoredTree(ledgerTiles(tx), to).consistencyProof(from);
  }

  /**
   * A receipt for one entry under the newest checkpoint (c2sp.org/tlog-proof@v1): index, inclusion proof and the
   * signed note. Null while no checkpoint covers the entry.
   */
  async receipt(tx: SqlTx, sequence: bigint): Promise<string | null> {
    const [receipt] = await this.receipts(tx, [sequence]);
    return receipt ?? null;
  }

  /** Receipts for several entries under the same checkpoint, in the order given: tiles that they share are read once. */
  async receipts(tx: SqlTx, sequences: readonly bigint[]): Promise<(string | null)[]> {
    const newest = await this.checkpoint(tx);
    if (newest === null) return sequences.map(() => null);
    const { note: checkpoint, size } = newest;
    const tree = new StoredTree(ledgerTiles(tx), size);
    const receipts: (string | null)[] = [];
    for (const index of sequences) {
      receipts.push(
        index < 0n || index >= size
          ? null
          : formatTlogProof({ index, hashes: await tree.inclusionProof(index), checkpoint }),
      );
    }
    return receipts;
  }
}

interface CheckpointRow extends TierMarks {
  readonly size: bigint;
  readonly root: Buffer;
  readonly note: string;
  readonly signed_at: Date;
}

async function selectCheckpoint(
  tx: SqlTx,
  condition: string,
  values: readonly unknown[],
): Promise<CheckpointRecord | null> {
  const [row] = await tx.query<CheckpointRow>(
    `SELECT c.size, c.root, c.note, c.signed_at, ${TIER_COLUMNS}
     FROM ledger_checkpoint c WHERE c.tenant_id = $1::uuid ${condition} ORDER BY c.size DESC LIMIT 1`,
    [tx.tenantId, ...values],
  );
  if (row === undefined) return null;
  const { note, root, signed_at, size } = row;
  const origin = note.slice(0, note.indexOf('\n'));
  const tier = tierOf(row, size - 1n);
  return { origin, size, rootHash: root, note, signedAt: signed_at, tier };
}

/** Times of recording as sequences: they order alike. */
async function withSequences(tx: SqlTx, filter: EntryFilter): Promise<EntryFilter> {
  const { recordedFrom, recordedTo } = filter;
  let { fromSequence, toSequence } = filter;
  if (isGiven(recordedFrom)) {
    const first = await firstRecordedFrom(tx, recordedFrom);
    if (!isGiven(fromSequence) || fromSequence < first) fromSequence = first;
  }
  if (isGiven(recordedTo)) {
    const last = (await firstRecordedFrom(tx, new Date(recordedTo.getTime() + 1))) - 1n;
    if (!isGiven(toSequence) || toSequence > last) toSequence = last;
  }
  return { ...filter, fromSequence, toSequence };
}

function sequenceOf(cursor: string): bigint {
  const [text = ''] = decodeCursor(cursor, 1);
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new AppError('BAD_CURSOR', {
    publicMessage: 'The cursor is not one that this list gave out.',
    hint: 'Use pageInfo.endCursor or an edge cursor of the same list, or start without a cursor.',
  });
}
