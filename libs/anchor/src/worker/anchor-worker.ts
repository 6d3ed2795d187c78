import { randomUUID } from 'node:crypto';
import { NO_QUORUM, quorumMet, type TlogPolicy } from '@countersign/chain';
import type { Database } from '@countersign/database';
import type { Clock } from '@countersign/kernel';
import { HeadsQueries, publishHeads, type HeadsCheckpointRecord } from '@countersign/ledger';
import type { Contradiction } from '../outside/store-check.js';
import { anchoredBy, insertAnchor, newestAnchor, type AnchorName } from './anchor-rows.js';
import type { AnchorTarget } from './anchor-target.js';
import { writeCheckpointFile } from './checkpoint-file.js';
import { releaseLease, takeLease } from './lease.js';

export interface AnchorFailure extends AnchorName {
  readonly detail: string;
}

export interface AnchorWorkerOptions {
  readonly database: Pick<Database, 'global'>;
  readonly clock: Clock;
  readonly targets: readonly AnchorTarget[];
  /** Null: the sequencer publishes at once. */
  readonly policy: TlogPolicy | null;
  /** Where the newest checkpoint is kept beside the other local state; null: nowhere. */
  readonly file: string | null;
  /** Nothing is shown to anybody while the process is read-only. */
  readonly isReadOnly: () => boolean;
  /** Stops appends everywhere. */
  readonly onContradiction: (found: Contradiction) => Promise<void>;
  /** Told once for each reason in a row. */
  readonly onFailure?: (failure: AnchorFailure) => void;
  readonly onError?: (error: unknown) => void;
  /** Time between two looks for a new checkpoint. Default 1,000 ms. */
  readonly pollMs?: number;
}

/** Longer than any exchange with the outside may take. */
const LEASE_MS = 30_000;

/**
 * Shows the checkpoint of the log of heads to everybody outside, each at their own pace: who is slow or gone holds up
 * nobody else, and no append ever waits for it. Several replicas may run it.
 */
export class AnchorWorker {
  readonly #options: AnchorWorkerOptions;
  readonly #heads = new HeadsQueries();
  readonly #holder = randomUUID();
  readonly #loops: Loop[];
  /** What each of them said last, while it does not anchor. */
  readonly #failing = new Map<string, string>();
  #written = '';

  constructor(options: AnchorWorkerOptions) {
    this.#options = options;
    const { file, pollMs = 1_000, targets } = options;
    const loops = targets.map((target) => () => this.anchor(target));
    if (file !== null) loops.push(() => this.#keepFile(file));
    this.#loops = loops.map((work) => new Loop(work, pollMs, options.onError));
  }

  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  /** Resolves when nobody is asked any more. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  /** Everything once. */
  async runOnce(): Promise<void> {
    await Promise.all(this.#options.targets.map((target) => this.anchor(target)));
    if (this.#options.file !== null) await this.#keepFile(this.#options.file);
  }

  /** Shows the newest checkpoint to one of them, unless that was done or it is too early. */
  async anchor(target: AnchorTarget): Promise<void> {
    const { clock, database, isReadOnly } = this.#options;
    if (isReadOnly()) return;
    const checkpoint = await this.#due(target);
    if (checkpoint === null) return;
    try {
      await this.#show(target, checkpoint);
    } finally {
      await database.global((db) => releaseLease(db, leaseOf(target), this.#holder, clock.now()));
    }
  }

  async #show(target: AnchorTarget, checkpoint: HeadsCheckpointRecord): Promise<void> {
    const { clock, onContradiction, onFailure } = this.#options;
    const { kind, who } = target;
    const anchored = await target.anchor(checkpoint);
    switch (anchored.kind) {
      case 'anchored':
        this.#failing.delete(leaseOf(target));
        await this.#options.database.global((db) =>
          insertAnchor(db, {
            ...anchored,
            kind,
            who,
            logId: checkpoint.logId,
            size: checkpoint.size,
          }),
        );
        if (kind === 'witness') await this.#publishWhenWitnessed(checkpoint, clock.now());
        return;
      case 'contradicted':
        await onContradiction(anchored.contradiction);
        return;
      case 'failed':
        // Asked every second, they would fill the log with one sentence.
        if (this.#failing.get(leaseOf(target)) === anchored.detail) return;
        this.#failing.set(leaseOf(target), anchored.detail);
        onFailure?.({ kind, who, detail: anchored.detail });
    }
  }

  async #due(target: AnchorTarget): Promise<HeadsCheckpointRecord | null> {
    const { clock, database } = this.#options;
    return database.global(async (db) => {
      const checkpoint = await this.#heads.checkpoint(db, {
        published: target.shows === 'published',
      });
      if (checkpoint === null) return null;
      const last = await newestAnchor(db, checkpoint.logId, target);
      const now = clock.now();
      if (last !== null && last.size >= checkpoint.size) return null;
      if (last !== null && now.getTime() - last.at.getTime() < target.everyMs) return null;
      const until = new Date(now.getTime() + LEASE_MS);
      const mine = await takeLease(db, leaseOf(target), this.#holder, now, until);
      return mine ? checkpoint : null;
    });
  }

  /** As soon as the quorum is there, whoever else is still being asked. */
  async #publishWhenWitnessed({ logId, size }: HeadsCheckpointRecord, at: Date): Promise<void> {
    const { database, policy } = this.#options;
    if (policy === null) return;
    await database.global(async (db) => {
      const names = await anchoredBy(db, logId, size, 'witness');
      if (!quorumMet(policy, names)) return;
      await publishHeads(db, logId, size, { quorum: policy.quorum !== NO_QUORUM, at });
    });
  }

  async #keepFile(file: string): Promise<void> {
    const { database, isReadOnly } = this.#options;
    if (isReadOnly()) return;
    const checkpoint = await database.global((db) =>
      this.#heads.checkpoint(db, { published: false }),
    );
    if (checkpoint === null || checkpoint.note === this.#written) return;
    await writeCheckpointFile(file, checkpoint.note);
    this.#written = checkpoint.note;
  }
}

function leaseOf({ kind, who }: AnchorName): string {
  return `${kind} ${who}`;
}

/** One piece of work again and again, never twice at the same time. */
class Loop {
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #started = false;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly everyMs: number,
    private readonly onError: ((error: unknown) => void) | undefined,
  ) {}

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#started = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    if (!this.#started) return;
    this.#timer = setTimeout(() => {
      this.#running = this.work()
        .catch((error: unknown) => this.onError?.(error))
        .finally(() => {
          this.#schedule();
        });
    }, this.everyMs);
  }
}
