import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database, SqlTx } from '@countersign/database';
import { AppError, asTenantId, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerService } from '../ledger-service.js';
import type { LedgerQueries } from '../reads/ledger-queries.js';
import { readCursor } from './cursor.js';
import { inOrder } from './order.js';
import type { Projector } from './projector.js';
import { rebuildAsked, rebuildsDue } from './rebuilds.js';
import { projectAnew, projectBatch } from './step.js';

export interface ProjectionFailure {
  readonly tenantId: TenantId;
  readonly projector: string;
  readonly error: unknown;
  /** Consecutive failures of this projector for this tenant. */
  readonly attempt: number;
  readonly at: Date;
}

export interface ProjectionRunnerOptions {
  readonly database: Database;
  readonly queries: LedgerQueries;
  readonly ledger: LedgerService;
  readonly projectors: readonly Projector[];
  readonly clock: Clock;
  /** For rebuildAll; tenants with something to read are found without it. */
  readonly tenants: () => Promise<readonly TenantId[]>;
  readonly onFailure?: (failure: ProjectionFailure) => void;
  /** Longest time until an entry that another process appended is noticed. Default 250 ms. */
  readonly pollMs?: number;
  /** Tenants served at once, each on a connection of its own. Default 2. */
  readonly concurrency?: number;
}

const BACKOFF_MS = { first: 250, max: 30_000 } as const;

interface Trouble {
  attempt: number;
  /** Milliseconds on the monotonic clock: a wall clock that is set back must not stop a projector. */
  notBefore: number;
}

/**
 * Drives projectors over every tenant's ledger. Rows and cursor move in one transaction under a lock on the cursor,
 * so replicas share the work. A projector that fails is tried again, ever more slowly, and skips nothing.
 */
export class ProjectionRunner {
  readonly #options: ProjectionRunnerOptions;
  readonly #projectors: readonly Projector[];
  readonly #names: readonly string[];
  readonly #trouble = new Map<string, Trouble>();
  readonly #waiting = new Set<TenantId>();
  readonly #busy = new Set<TenantId>();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #unsubscribe: (() => void) | null = null;
  #started = false;

  constructor(options: ProjectionRunnerOptions) {
    this.#options = options;
    this.#projectors = inOrder(options.projectors);
    this.#names = this.#projectors.map(({ name }) => name);
  }

  /** Begins to follow the ledgers; woken by appends of this process, and by looking for those of others. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#unsubscribe = this.#options.ledger.onAppended((tenantId) => {
      this.#wake(tenantId);
    });
    this.#schedule(0);
  }

  /** Resolves when no projector is at work any more. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#waiting.clear();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /**
   * Resolves when every projector has seen every entry that was committed before the call, and whatever those
   * projectors appended themselves. Rejects with the error of a projector that fails.
   */
  async catchUp(tenantId: TenantId): Promise<void> {
    for (let moved = true; moved;) {
      moved = false;
      for (const projector of this.#projectors) {
        if (await this.#follow(tenantId, projector, true)) moved = true;
      }
    }
  }

  /** Clears one projection and replays it. Readers see the old rows until the new ones are complete. */
  async rebuild(tenantId: TenantId, name: string): Promise<void> {
    const projector = this.#projectors.find((candidate) => candidate.name === name);
    if (projector === undefined) {
      throw new AppError('NOT_FOUND', {
        publicMessage: `There is no projection ${name}.`,
        hint: `One of: ${this.#names.join(', ')}.`,
      });
    }
    const { database, queries } = this.#options;
    await database.sqlTransaction(tenantId, (tx) => projectAnew(tx, queries, projector));
  }

  /** Rebuilds every projection of every tenant, those that others wait for first. */
  async rebuildAll(): Promise<void> {
    for (const tenantId of await this.#options.tenants()) {
      for (const { name } of this.#projectors) await this.rebuild(tenantId, name);
    }
  }

  /** Sequence of the last entry that this projector has seen; -1n before the first. */
  async cursor(tx: SqlTx, name: string): Promise<bigint> {
    return readCursor(tx, name);
  }

  #schedule(ms: number): void {
    if (!this.#started) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#track(this.#poll());
    }, ms);
  }

  /** One statement for all tenants; nothing comes back from an idle installation. */
  async #poll(): Promise<void> {
    try {
      const rows = await this.#options.database.global((db) =>
        db.query<{ tenant_id: string }>('SELECT tenant_id FROM projection_behind($1::text[])', [
          this.#names,
        ]),
      );
      for (const row of rows) this.#wake(asTenantId(row.tenant_id));
      await this.#rebuildAsked();
    } catch {
      // The database is away; the next poll finds out whether it came back.
    }
    this.#schedule(this.#options.pollMs ?? 250);
  }

  #wake(tenantId: TenantId): void {
    if (!this.#started) return;
    this.#waiting.add(tenantId);
    if (this.#running.size <= (this.#options.concurrency ?? 2)) this.#track(this.#work());
  }

  /** Projections that still show what was erased, because whoever erased it did not get so far. */
  async #rebuildAsked(): Promise<void> {
    const { database, queries } = this.#options;
    for (const { name, tenantId } of await rebuildsDue(database)) {
      const projector = this.#projectors.find((candidate) => candidate.name === name);
      if (projector !== undefined) await rebuildAsked(database, queries, projector, tenantId);
    }
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  /** Serves waiting tenants in turn, a batch per projector each, so that a long replay keeps nobody waiting. */
  async #work(): Promise<void> {
    for (const tenantId of this.#waiting) {
      if (this.#busy.has(tenantId)) continue; // its worker is asked again by the next poll
      this.#waiting.delete(tenantId);
      this.#busy.add(tenantId);
      let more = false;
      for (const projector of this.#projectors) {
        if (await this.#attempt(tenantId, projector)) more = true;
      }
      this.#busy.delete(tenantId);
      if (more && this.#started) this.#waiting.add(tenantId);
    }
  }

  /** One batch, with failures reported and put off. True when there is more to do at once. */
  async #attempt(tenantId: TenantId, projector: Projector): Promise<boolean> {
    const key = `${tenantId} ${projector.name}`;
    const trouble = this.#trouble.get(key);
    const now = performance.now();
    if (trouble !== undefined && now < trouble.notBefore) return false;
    try {
      const more = await this.#batch(tenantId, projector, false);
      this.#trouble.delete(key);
      return more;
    } catch (error) {
      const attempt = (trouble?.attempt ?? 0) + 1;
      const wait = Math.min(BACKOFF_MS.first * 2 ** (attempt - 1), BACKOFF_MS.max);
      this.#trouble.set(key, { attempt, notBefore: now + wait });
      const at = this.#options.clock.now();
      this.#options.onFailure?.({ tenantId, projector: projector.name, error, attempt, at });
      return false;
    }
  }

  /** True when the cursor moved. */
  async #follow(tenantId: TenantId, projector: Projector, wait: boolean): Promise<boolean> {
    let before: bigint | null = null;
    for (let more = true; more;) {
      before ??= await this.#options.database.read(tenantId, (tx) =>
        readCursor(tx, projector.name),
      );
      more = await this.#batch(tenantId, projector, wait);
    }
    const after = await this.#options.database.read(tenantId, (tx) =>
      readCursor(tx, projector.name),
    );
    return after !== before;
  }

  /** One step of at most PROJECTION_BATCH entries, after whatever else waits in this process had its turn. */
  async #batch(tenantId: TenantId, projector: Projector, wait: boolean): Promise<boolean> {
    const { database, queries } = this.#options;
    await nextTurn();
    const step = await database.sqlTransaction(tenantId, (tx) =>
      projectBatch(tx, queries, projector, wait),
    );
    return step.more;
  }
}
