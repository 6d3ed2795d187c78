import type { TenantId } from '@countersign/kernel';

export interface TenantSweepOptions {
  readonly name: string;
  /** From the end of one round to the beginning of the next. */
  readonly everyMs: number;
  readonly tenants: () => Promise<readonly TenantId[]>;
  /** One tenant's turn. What it rejects with is told and does not keep the others from theirs. */
  readonly work: (tenantId: TenantId) => Promise<unknown>;
  readonly onFailure: (failure: {
    name: string;
    tenantId: TenantId | null;
    error: unknown;
  }) => void;
}

/** Longest wait after rounds that failed. */
const PAUSE_MAX_MS = 30_000;

/** Something that has to be done for every tenant now and then. One round at a time, one tenant at a time. Failures make the rounds rarer. */
export class TenantSweep {
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> = Promise.resolve();
  #started = false;
  /** Rounds in a row in which something failed. */
  #failures = 0;

  constructor(private readonly options: TenantSweepOptions) {}

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule(0);
  }

  /** Resolves when no tenant's turn is under way any more. */
  async stop(): Promise<void> {
    this.#started = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(ms: number): void {
    if (!this.#started) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#sweep().then((failed) => {
        this.#failures = failed ? this.#failures + 1 : 0;
        this.#schedule(Math.min(this.options.everyMs * 2 ** this.#failures, PAUSE_MAX_MS));
      });
    }, ms);
  }

  /** True when something failed. */
  async #sweep(): Promise<boolean> {
    const { name, onFailure, tenants, work } = this.options;
    let failed = false;
    try {
      for (const tenantId of await tenants()) {
        if (!this.#started) break;
        await work(tenantId).catch((error: unknown) => {
          failed = true;
          onFailure({ name, tenantId, error });
        });
      }
    } catch (error) {
      failed = true;
      onFailure({ name, tenantId: null, error });
    }
    return failed;
  }
}
