import { addSignatureLines, encodeEntryBundle } from '@countersign/chain';
import type { Queryable } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { StoredTree, widthAt } from '../tree/stored-tree.js';
import { headsTiles, tileBytes } from '../tree/tile-store.js';
import type {
  AnchorRecord,
  HeadRecord,
  HeadsCheckpointRecord,
  HeadsLogRecord,
} from './heads-records.js';

/** Of a row g of heads_log: it is the log of today, which no other succeeded. */
export const IS_CURRENT = 'NOT EXISTS (SELECT FROM heads_log s WHERE s.predecessor = g.log_id)';

/** The cosignature lines for the checkpoint of the log of heads that a row names by log_id and size. */
export const cosignatureLines = (row: string): string =>
  `ARRAY(SELECT convert_from(a.evidence, 'UTF8') FROM heads_anchor a
      WHERE a.log_id = ${row}.log_id AND a.size = ${row}.size AND a.kind = 'witness' ORDER BY a.who)`;

/**
 * Reads of the log of heads: the current one, unless another is named. They belong to no tenant, so any connection
 * serves, within a tenant's transaction too. Before the first sequencer ran, everything is null or empty.
 */
export class HeadsQueries {
  readonly #logId: string | null;

  /** `logId`: a log that was succeeded by another, to look back. */
  constructor(options: { readonly logId?: string } = {}) {
    this.#logId = options.logId ?? null;
  }

  /** The log itself; null before it was opened. */
  async current(db: Queryable): Promise<HeadsLogRecord | null> {
    const [row] = await db.query<{
      log_id: string;
      origin: string;
      opened_at: Date;
      predecessor: string | null;
    }>(
      `SELECT g.log_id, g.origin, g.opened_at, g.predecessor FROM heads_log g
       WHERE CASE WHEN $1::uuid IS NULL
         THEN ${IS_CURRENT}
         ELSE g.log_id = $1::uuid END`,
      [this.#logId],
    );
    if (row === undefined) return null;
    const { log_id: logId, opened_at: openedAt, origin, predecessor } = row;
    return { logId, origin, openedAt, predecessor };
  }

  /** Number of leaves that are stored, signed or not. */
  async size(db: Queryable): Promise<bigint> {
    const log = await this.current(db);
    const [row] = await db.query<{ size: bigint }>(
      'SELECT size FROM heads_head WHERE log_id = $1::uuid',
      [log?.logId ?? null],
    );
    return row?.size ?? 0n;
  }

  /**
   * The newest checkpoint: of those that anybody may see (`published`), or of all that were signed. Its note carries
   * every cosignature line that was stored for its size.
   */
  async checkpoint(
    db: Queryable,
    which: { readonly published: boolean },
  ): Promise<HeadsCheckpointRecord | null> {
    const newest = which.published
      ? 'AND p.size IS NOT NULL ORDER BY p.size DESC LIMIT 1'
      : 'ORDER BY c.size DESC LIMIT 1';
    return this.#checkpoint(db, newest, []);
  }

  /** The checkpoint of exactly that size, published or not. */
  async checkpointAt(db: Queryable, size: bigint): Promise<HeadsCheckpointRecord | null> {
    return this.#checkpoint(db, 'AND c.size = $2::bigint', [size]);
  }

  /**
   * The first head of a log of at least that size that a published checkpoint covers; null when there is none (yet).
   * With `inclusionProof(db, index, headsSize)` and `checkpoint(db, { published: true })` it proves the size to others.
   */
  async headOf(db: Queryable, origin: string, atLeastSize: bigint): Promise<HeadRecord | null> {
    return this.#head(db, origin, 'h.tree_size >= $3::bigint ORDER BY h.tree_size LIMIT 1', [
      atLeastSize,
    ]);
  }

  /** The newest head of a log that a published checkpoint covers. */
  async newestHeadOf(db: Queryable, origin: string): Promise<HeadRecord | null> {
    return this.#head(db, origin, 'true ORDER BY h.idx DESC LIMIT 1', []);
  }

  /** PATH(index, D[size]). Throws BAD_REQUEST unless 0 <= index < size <= stored leaves. */
  async inclusionProof(db: Queryable, index: bigint, size: bigint): Promise<Uint8Array[]> {
    if (index < 0n || index >= size) throw noProof();
    return (await this.#tree(db, size)).inclusionProof(index);
  }

  /** PROOF(from, D[to]). Throws BAD_REQUEST unless 0 <= from <= to <= stored leaves. */
  async consistencyProof(db: Queryable, from: bigint, to: bigint): Promise<Uint8Array[]> {
    if (from < 0n || from > to) throw noProof();
    return (await this.#tree(db, to)).consistencyProof(from);
  }

  /** The first `width` hashes of a tile; null where the stored tree does not have so many. */
  async tile(
    db: Queryable,
    level: number,
    index: bigint,
    width: number,
  ): Promise<Uint8Array | null> {
    const log = await this.current(db);
    if (log === null || widthAt(await this.size(db), level, index) < width) return null;
    return tileBytes(headsTiles(db, log.logId), level, index, width);
  }

  /** An entry bundle (C2SP tlog-tiles) of the first `width` leaves of tile `index`; null where there are not so many. */
  async entries(db: Queryable, index: bigint, width: number): Promise<Uint8Array | null> {
    const first = index * 256n;
    const leaves = await this.leaves(db, first, first + BigInt(width));
    return leaves.length === width ? encodeEntryBundle(leaves) : null;
  }

  /** Leaf data of the leaves from .. to - 1, in order; fewer at the end of the log. */
  async leaves(db: Queryable, from: bigint, to: bigint): Promise<Buffer[]> {
    const log = await this.current(db);
    const rows = await db.query<{ leaf: Buffer }>(
      `SELECT leaf FROM heads_leaf
       WHERE log_id = $1::uuid AND idx >= $2::bigint AND idx < $3::bigint ORDER BY idx`,
      [log?.logId ?? null, from, to],
    );
    return rows.map((row) => row.leaf);
  }

  /** What others said about the checkpoint of that size. */
  async anchors(db: Queryable, size: bigint): Promise<AnchorRecord[]> {
    const log = await this.current(db);
    return db.query<AnchorRecord>(
      `SELECT size, kind, who, evidence, at FROM heads_anchor
       WHERE log_id = $1::uuid AND size = $2::bigint ORDER BY kind, who`,
      [log?.logId ?? null, size],
    );
  }

  async #tree(db: Queryable, size: bigint): Promise<StoredTree> {
    const log = await this.current(db);
    if (log === null || size > (await this.size(db))) throw noProof();
    return new StoredTree(headsTiles(db, log.logId), size);
  }

  async #head(
    db: Queryable,
    origin: string,
    rest: string,
    values: readonly unknown[],
  ): Promise<HeadRecord | null> {
    const log = await this.current(db);
    const [row] = await db.query<{ idx: bigint; leaf: Buffer; tree_size: bigint; heads: bigint }>(
      `SELECT h.idx, h.leaf, h.tree_size, p.size AS heads
       FROM (SELECT max(size) AS size FROM heads_publication WHERE log_id = $1::uuid) p, heads_leaf h
       WHERE h.log_id = $1::uuid AND h.origin = $2::text AND h.kind = 'head/1' AND h.idx < p.size AND ${rest}`,
      [log?.logId ?? null, origin, ...values],
    );
    if (row === undefined) return null;
    return { index: row.idx, leaf: row.leaf, treeSize: row.tree_size, headsSize: row.heads };
  }

  async #checkpoint(
    db: Queryable,
    rest: string,
    values: readonly unknown[],
  ): Promise<HeadsCheckpointRecord | null> {
    const log = await this.current(db);
    if (log === null) return null;
    const [row] = await db.query<CheckpointRow>(
      `SELECT c.size, c.root, c.note, c.signed_at, p.published_at,
         ${cosignatureLines('c')} AS lines
       FROM heads_checkpoint c
       LEFT JOIN heads_publication p ON p.log_id = c.log_id AND p.size = c.size
       WHERE c.log_id = $1::uuid ${rest}`,
      [log.logId, ...values],
    );
    if (row === undefined) return null;
    const { lines, note, published_at: publishedAt, root, signed_at: signedAt, size } = row;
    return {
      logId: log.logId,
      origin: log.origin,
      size,
      rootHash: root,
      note: addSignatureLines(note, lines),
      signedAt,
      publishedAt,
    };
  }
}

interface CheckpointRow {
  readonly size: bigint;
  readonly root: Buffer;
  readonly note: string;
  readonly signed_at: Date;
  readonly published_at: Date | null;
  readonly lines: string[];
}

function noProof(): AppError {
  return new AppError('BAD_REQUEST', {
    publicMessage: 'The log of heads has no proof between these sizes.',
    hint: 'Sizes of its checkpoints, the smaller first; an index below the size.',
  });
}
