import { randomUUID } from 'node:crypto';
import { EMPTY_ROOT, Frontier } from '@countersign/chain';
import type { Database, Queryable } from '@countersign/database';
import { AppError, type Clock } from '@countersign/kernel';
import type { SigningKeys } from '../checkpoint/signing-keys.js';
import { dueLeaves, type DueLeaves } from './due.js';
import { HeadsQueries } from './heads-queries.js';
import type { HeadsLogRecord } from './heads-records.js';
import { everyVerifier, keyHistory, missingRotations } from './key-history.js';
import { signHeads } from './sign-heads.js';
import { loadHeadsHead, swapHead, type HeadsHead } from './swap.js';

export interface HeadsSequencerOptions {
  readonly database: Pick<Database, 'global'>;
  readonly clock: Clock;
  readonly keys: SigningKeys;
  /** First part of the log's origin. Default `countersign.local`. */
  readonly logName?: string;
  /**
   * Whether a checkpoint may be seen as soon as it is signed: true (default) where no witness policy is set. Else it is
   * published by whoever collects cosignatures, with publishHeads.
   */
  readonly publishAtOnce?: boolean;
  /** Time between two rounds: all that changed meanwhile is one batch. Default 1,000 ms. */
  readonly pollMs?: number;
  /** Told of each round, log or key that could not be served. The next round tries again. */
  readonly onFailure?: (error: unknown) => void;
}

/** What one round did. */
export interface HeadsRound {
  /** Leaves that this round stored. */
  readonly leaves: number;
  /** Size of the newest signed checkpoint; null while the log is empty. */
  readonly signed: bigint | null;
}

/**
 * Writes the log of heads: which logs were opened, how far each has come, which keys sign. In this order, each step
 * durable before the next: leaves and head in one compare-and-swap, the signature over what was read back, and then
 * publication. A process that dies between two steps leaves nothing that the next round, here or elsewhere, does not
 * finish. Several replicas may run it. One round costs the same few statements for any number of tenants.
 */
export class HeadsSequencer {
  readonly #options: HeadsSequencerOptions;
  readonly #queries = new HeadsQueries();
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<unknown> | null = null;
  #started = false;

  constructor(options: HeadsSequencerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule();
  }

  /** Resolves when no round is under way any more. */
  async stop(): Promise<void> {
    this.#started = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#round;
  }

  /**
   * One round, now. Rejects with STORE_MISMATCH or SIGNING_KEY, when nothing was signed, and with what the database says.
   */
  async runOnce(): Promise<HeadsRound> {
    const { clock, database, keys } = this.#options;
    await keys.refresh().catch((error: unknown) => this.#options.onFailure?.(error));
    const log = await this.#openLog();
    let leaves = 0;
    for (let batch = 1; batch > 0; leaves += batch) batch = await this.#appendDue(log);
    const signed = await database.global((db) => signHeads(db, log, keys, clock.now()));
    if (signed !== null && this.#options.publishAtOnce !== false) {
      await database.global((db) =>
        publishHeads(db, log.logId, signed, { quorum: false, at: clock.now() }),
      );
    }
    return { leaves, signed };
  }

  #schedule(): void {
    if (!this.#started) return;
    this.#timer = setTimeout(() => {
      this.#round = this.runOnce()
        .catch((error: unknown) => this.#options.onFailure?.(error))
        .finally(() => {
          this.#schedule();
        });
    }, this.#options.pollMs ?? 1_000);
  }

  /** Number of leaves stored; 0 when there was nothing, or when another replica was faster and the head moved. */
  async #appendDue(log: HeadsLogRecord): Promise<number> {
    const { clock, database, keys, onFailure } = this.#options;
    // The head before what is due: leaves that another replica adds in between move the head, and the swap fails.
    const head = await database.global((db) => loadHeadsHead(db, log.logId));
    if (head === null) throw noHead();
    const history = await database.global((db) => keyHistory(db, log));
    const due = await database.global((db) =>
      dueLeaves(db, log.logId, (origin) => everyVerifier(history, keys, origin)),
    );
    for (const error of due.refused) onFailure?.(error);
    const rotations = missingRotations(history, keys, log.origin, clock.now());
    return this.#store(log, head, [...rotations, ...due.leaves]);
  }

  async #store(log: HeadsLogRecord, head: HeadsHead, leaves: DueLeaves['leaves']): Promise<number> {
    if (leaves.length === 0) return 0;
    const stored = await this.#options.database.global((db) =>
      swapHead(db, log.logId, head, leaves),
    );
    return stored ? leaves.length : 0;
  }

  async #openLog(): Promise<HeadsLogRecord> {
    const { clock, database, logName = 'countersign.local' } = this.#options;
    return database.global(async (db) => {
      const known = await this.#queries.current(db);
      if (known !== null) {
        // A successor may have been opened with its row alone.
        await insertHead(db, known.logId);
        return known;
      }
      const logId = randomUUID();
      await db.query(
        `INSERT INTO heads_log (log_id, origin, opened_at) VALUES ($1::uuid, $2::text, $3::timestamptz)
         ON CONFLICT DO NOTHING`,
        [logId, `${logName}/heads/${logId}`, clock.now()],
      );
      const log = await this.#queries.current(db);
      if (log === null) throw noHead();
      await insertHead(db, log.logId);
      return log;
    });
  }
}

/** Lets everybody see the checkpoint of that size. `quorum`: the witnesses of the policy had cosigned it. */
export async function publishHeads(
  db: Queryable,
  logId: string,
  size: bigint,
  { at, quorum }: { readonly quorum: boolean; readonly at: Date },
): Promise<void> {
  await db.query(
    `INSERT INTO heads_publication (log_id, size, quorum, published_at)
     VALUES ($1::uuid, $2::bigint, $3::boolean, $4::timestamptz) ON CONFLICT DO NOTHING`,
    [logId, size, quorum, at],
  );
}

async function insertHead(db: Queryable, logId: string): Promise<void> {
  await db.query(
    `INSERT INTO heads_head (log_id, size, frontier, root) VALUES ($1::uuid, 0, $2::bytea, $3::bytea)
     ON CONFLICT DO NOTHING`,
    [logId, Frontier.empty().serialize(), Buffer.from(EMPTY_ROOT)],
  );
}

function noHead(): AppError {
  return new AppError('INTERNAL', { publicMessage: 'The log of heads could not be opened.' });
}
