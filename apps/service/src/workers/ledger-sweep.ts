import type { Clock } from '@countersign/kernel';
import { sweepLedgers, type SweepContext, type SweepOutcome } from '@countersign/ledger';
import type { Database } from '@countersign/database';

export interface LedgerSweepOptions extends Omit<SweepContext, 'signal'> {
  /** Minutes after midnight, UTC. */
  readonly atMinute: number;
  /** Told of each ledger that was looked at. */
  readonly onOutcome: (outcome: SweepOutcome) => void;
  /** Told when a night's work could not be finished. */
  readonly onFailure: (error: unknown) => void;
}

const DAY_MS = 86_400_000;
/** Timers of a day and more drift: it looks at the clock again at least so often. */
const LOOK_MS = 600_000;
const SWEEP_LOCK = 72_707_373;

/** Verifies every ledger once a night. Of several replicas one does it. */
export class LedgerSweep {
  #timer: NodeJS.Timeout | null = null;
  #stopping = new AbortController();
  #round: Promise<void> = Promise.resolve();

  constructor(private readonly options: LedgerSweepOptions) {}

  start(): void {
    this.#stopping = new AbortController();
    this.#wait(nextSweep(this.options.clock, this.options.atMinute));
  }

  /** Resolves when nothing is under way any more; the range of entries at hand is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#round;
  }

  /** One night's work, now. Rejects with what kept it from its end. */
  async runOnce(): Promise<void> {
    const { database, onOutcome } = this.options;
    await withSweepLock(database, async () => {
      const context = { ...this.options, signal: this.#stopping.signal };
      for await (const outcome of sweepLedgers(context)) onOutcome(outcome);
    });
  }

  #wait(at: Date): void {
    const left = at.getTime() - this.options.clock.now().getTime();
    this.#timer = setTimeout(
      () => {
        if (left > LOOK_MS) this.#wait(at);
        else this.#round = this.#night();
      },
      Math.max(0, Math.min(left, LOOK_MS)),
    );
    this.#timer.unref();
  }

  async #night(): Promise<void> {
    try {
      await this.runOnce();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.options.onFailure(error);
    }
    if (this.#stopping.signal.aborted) return;
    this.#wait(nextSweep(this.options.clock, this.options.atMinute));
  }
}

/** The next moment at which a sweep is due, later than now. */
export function nextSweep(clock: Clock, atMinute: number): Date {
  const now = clock.now().getTime();
  const today = Math.floor(now / DAY_MS) * DAY_MS + atMinute * 60_000;
  return new Date(today > now ? today : today + DAY_MS);
}

/** Does the work unless another replica is at it. */
async function withSweepLock(database: Database, work: () => Promise<void>): Promise<void> {
  const client = await database.connect();
  let broken = true;
  try {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS taken',
      [SWEEP_LOCK],
    );
    if (rows[0]?.taken === true) {
      try {
        await work();
      } finally {
        await client.query('SELECT pg_advisory_unlock($1)', [SWEEP_LOCK]);
      }
    }
    broken = false;
  } finally {
    client.release(broken);
  }
}
