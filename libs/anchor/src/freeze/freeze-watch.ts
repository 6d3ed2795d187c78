import type { Database } from '@countersign/database';
import type { Clock } from '@countersign/kernel';
import type { LedgerService, ReadOnlyState } from '@countersign/ledger';
import type { Contradiction, StoreCheck, StoreCheckResult } from '../outside/store-check.js';
import { currentFreeze, freezeInstallation } from './freeze-store.js';

export interface FreezeWatchOptions {
  readonly database: Pick<Database, 'global'>;
  readonly ledger: Pick<LedgerService, 'readOnly' | 'setReadOnly'>;
  readonly clock: Clock;
  readonly check: StoreCheck;
  /** Time between two looks at the database. Default 2,000 ms. */
  readonly pollMs?: number;
  /** Time between two tries while nothing outside answers. Default 10,000 ms. */
  readonly recheckMs?: number;
  /** Told of what the start-up check found, also when it is good. */
  readonly onChecked?: (result: StoreCheckResult) => void;
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Keeps one process read-only for as long as the installation is frozen, or its store could not be compared with anything
 * outside although something is configured. The first look is `begin`; afterwards it polls, so that every replica stops
 * and goes on within seconds.
 */
export class FreezeWatch {
  readonly #options: FreezeWatchOptions;
  readonly #lifted: (() => void)[] = [];
  #onChange: (writable: boolean) => void = () => undefined;
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;
  #stopped = false;
  /** The store was compared, or there is nothing to compare it with. */
  #compared = false;
  #nextCheck = 0;

  constructor(options: FreezeWatchOptions) {
    this.#options = options;
  }

  /** Checks the store before the first append of this process. Rejects with what the database says. */
  async begin(): Promise<void> {
    await this.#look();
    this.#schedule();
  }

  /** True while this process may append. */
  get isWritable(): boolean {
    return this.#options.ledger.readOnly === null;
  }

  /** Calls back once, when this process may append: now, or after a recovery. */
  whenWritable(work: () => void): void {
    if (this.isWritable) work();
    else this.#lifted.push(work);
  }

  /** Calls back each time that this process stops or goes on appending after `begin`. */
  onChange(listener: (writable: boolean) => void): void {
    this.#onChange = listener;
  }

  /** Stops appends here at once and on every replica within seconds. */
  async freeze(found: Contradiction): Promise<void> {
    const { clock, database } = this.#options;
    this.#stopAppends({ code: found.code, reason: found.reason });
    await database.global((db) => freezeInstallation(db, found, clock.now()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#look()
        .catch((error: unknown) => this.#options.onFailure?.(error))
        .finally(() => {
          this.#schedule();
        });
    }, this.#options.pollMs ?? 2_000);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { clock, database, ledger } = this.#options;
    if (!this.#compared && clock.now().getTime() >= this.#nextCheck) await this.#compare();
    const freeze = await database.global((db) => currentFreeze(db));
    if (freeze !== null) this.#stopAppends({ code: freeze.code, reason: freeze.reason });
    else if (this.#compared && ledger.readOnly !== null) this.#lift();
  }

  async #compare(): Promise<void> {
    const { check, clock, onChecked, recheckMs = 10_000 } = this.#options;
    const result = await check.run();
    onChecked?.(result);
    if (result.contradiction !== null) {
      this.#compared = true;
      await this.freeze(result.contradiction);
    } else if (result.answered.length > 0 || result.unanswered.length === 0) {
      this.#compared = true;
    } else {
      // Fail closed: what cannot be compared may have been rolled back.
      this.#nextCheck = clock.now().getTime() + recheckMs;
      const names = result.unanswered.map(({ source, why }) => `${source} ${why}`).join('; ');
      this.#stopAppends({
        code: 'STORE_UNCHECKED',
        reason: `the database could not be compared with any checkpoint outside of it: ${names}`,
      });
    }
  }

  #stopAppends(state: ReadOnlyState): void {
    const { ledger } = this.#options;
    const before = ledger.readOnly;
    ledger.setReadOnly(state);
    if (before === null) this.#onChange(false);
  }

  #lift(): void {
    this.#options.ledger.setReadOnly(null);
    this.#onChange(true);
    for (const work of this.#lifted.splice(0)) work();
  }
}
