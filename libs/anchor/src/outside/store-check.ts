import {
  noteText,
  parseCheckpoint,
  verifyCheckpoint,
  type Checkpoint,
  type NoteVerifier,
} from '@countersign/chain';
import type { Database, Queryable } from '@countersign/database';
import {
  everyVerifier,
  HeadsQueries,
  keyHistory,
  type HeadsLogRecord,
  type SigningKeys,
} from '@countersign/ledger';
import { compare, type StoredTree } from './compare.js';
import type { OutsideSource } from './outside-source.js';

/** A checkpoint from outside that the store does not contain. */
export interface Contradiction {
  readonly code: 'STORE_BEHIND' | 'STORE_FORKED';
  /** For people, without a full stop. */
  readonly reason: string;
  readonly origin: string;
  readonly source: string;
  readonly outsideSize: bigint;
  /** Null when only a size is known. */
  readonly outsideNote: string | null;
  readonly storeSize: bigint;
}

export interface Unanswered {
  readonly source: string;
  readonly why: string;
}

export interface StoreCheckResult {
  readonly contradiction: Contradiction | null;
  /** Sources that answered, also those that keep nothing. */
  readonly answered: readonly string[];
  readonly unanswered: readonly Unanswered[];
}

export interface StoreCheckOptions {
  readonly database: Pick<Database, 'global'>;
  readonly keys: SigningKeys;
  readonly sources: readonly OutsideSource[];
  /** Replaced by tests only. */
  readonly compare?: typeof compare;
}

/** Compares the log of heads with the newest checkpoints that can be found outside of its database. */
export class StoreCheck {
  readonly #heads = new HeadsQueries();

  constructor(private readonly options: StoreCheckOptions) {}

  /** Asks every source at the same time. Rejects only with what the database says. */
  async run(): Promise<StoreCheckResult> {
    const { database, sources } = this.options;
    const log = await database.global((db) => this.#heads.current(db));
    const answers = await Promise.all(
      sources.map(async (source) => ({ source, answer: await source.newest(log?.origin ?? '') })),
    );
    const answered: string[] = [];
    const unanswered: Unanswered[] = [];
    let contradiction: Contradiction | null = null;
    for (const { answer, source } of answers) {
      const { name } = source;
      if (!answer.reached) {
        unanswered.push({ source: name, why: answer.why });
        continue;
      }
      if (answer.note === null) {
        if (source.mayBeGone !== true) answered.push(name);
        continue;
      }
      const verdict = await this.judge(log, name, answer.note);
      if (typeof verdict === 'string') {
        unanswered.push({ source: name, why: verdict });
        continue;
      }
      answered.push(name);
      // A fork says more than a missing end.
      if (contradiction === null || verdict?.code === 'STORE_FORKED') {
        contradiction = verdict ?? contradiction;
      }
    }
    return { contradiction, answered, unanswered };
  }

  /** Null when the store contains the checkpoint of `note`, a sentence when the note proves nothing. */
  async judge(
    log: HeadsLogRecord | null,
    source: string,
    note: string,
  ): Promise<Contradiction | string | null> {
    const claimed = parseCheckpoint(noteText(note) ?? '');
    if (claimed === null) return 'keeps something that is no checkpoint';
    return this.options.database.global(async (db) => {
      if (claimed.origin !== log?.origin) return this.#ofAnotherLog(db, claimed, log, source, note);
      const opened = verifyCheckpoint(note, {
        origin: log.origin,
        logKeys: await this.#keysOf(db, log),
      });
      if (!opened.ok) return `keeps a checkpoint that no key of ours signed (${opened.code})`;
      const { checkpoint } = opened;
      const stored = await storedTree(db, this.#heads, log.logId);
      const containment = await (this.options.compare ?? compare)(checkpoint, stored);
      if (containment === 'contained') return null;
      return contradictionOf(containment, source, checkpoint, note, stored.size);
    });
  }

  /** Logs that a recovery dealt with may be kept anywhere; one that this store never had may not. */
  async #ofAnotherLog(
    db: Queryable,
    claimed: Checkpoint,
    log: HeadsLogRecord | null,
    source: string,
    note: string,
  ): Promise<Contradiction | null> {
    const known = await db.query(
      `SELECT 1 FROM heads_log WHERE origin = $1::text
       UNION ALL
       SELECT 1 FROM installation_freeze f JOIN installation_recovery r ON r.freeze_id = f.id
       WHERE split_part(f.outside_note, chr(10), 1) = $1::text`,
      [claimed.origin],
    );
    if (known.length > 0) return null;
    return {
      code: 'STORE_FORKED',
      reason: `the ${source} outside belongs to ${claimed.origin}, a log that this database never had`,
      origin: log?.origin ?? '',
      source,
      outsideSize: claimed.size,
      outsideNote: note,
      storeSize: await this.#heads.size(db),
    };
  }

  async #keysOf(db: Queryable, log: HeadsLogRecord): Promise<NoteVerifier[]> {
    return everyVerifier(await keyHistory(db, log), this.options.keys, log.origin);
  }
}

export function contradictionOf(
  containment: 'behind' | 'forked',
  source: string,
  outside: Checkpoint,
  note: string,
  storeSize: bigint,
): Contradiction {
  const behind = containment === 'behind';
  return {
    code: behind ? 'STORE_BEHIND' : 'STORE_FORKED',
    reason: behind
      ? `the ${source} outside knows a log of heads of size ${outside.size}, the database holds ${storeSize}: it was rolled back`
      : `the ${source} outside knows another history of size ${outside.size} than the database holds`,
    origin: outside.origin,
    source,
    outsideSize: outside.size,
    outsideNote: note,
    storeSize,
  };
}

/** The log of heads as stored, signed or not. */
export async function storedTree(
  db: Queryable,
  heads: HeadsQueries,
  logId: string,
): Promise<StoredTree> {
  const [head] = await db.query<{ size: bigint; root: Buffer }>(
    'SELECT size, root FROM heads_head WHERE log_id = $1::uuid',
    [logId],
  );
  const size = head?.size ?? 0n;
  return {
    size,
    root: head?.root ?? Buffer.alloc(0),
    consistencyProof: (from) => heads.consistencyProof(db, from, size),
  };
}
