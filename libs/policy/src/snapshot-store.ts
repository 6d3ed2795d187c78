import type { Database, SqlTx } from '@countersign/database';
import type { Clock, TenantId } from '@countersign/kernel';
import { buildSnapshot, type TenantFacts } from './domain/build-snapshot.js';
import type { TenantSnapshot } from './domain/tenant-snapshot.js';
import type { PolicyFiles } from './policy-files.js';
import {
  readPolicyState,
  readTenantFacts,
  type PolicyLock,
  type PolicyState,
} from './tenant-facts.js';

/** For reads only: how long an epoch is trusted without looking. */
const EPOCH_TRUSTED_MS = 1_000;
const TENANTS_MAX = 1_000;

interface Held {
  readonly rowVersion: string;
  readonly facts: TenantFacts;
  readonly snapshot: TenantSnapshot;
  readonly builtAtMs: number;
  readonly changesAtMs: number | null;
  checkedAtMs: number;
}

/**
 * The newest snapshot of each tenant. A snapshot is built aside and then put in place of the one before; it
 * is used only while the row of its epoch is unchanged and no grant has begun or ended since.
 */
export class SnapshotStore {
  readonly #held = new Map<TenantId, Held>();
  readonly #refreshing = new Map<TenantId, Promise<TenantSnapshot>>();

  constructor(
    readonly database: Database,
    readonly clock: Clock,
    readonly files: PolicyFiles,
  ) {}

  /** The snapshot as this transaction sees it. The epoch is read again, under `lock`. */
  async inTransaction(tx: SqlTx, lock: PolicyLock): Promise<TenantSnapshot> {
    return this.#current(tx, await readPolicyState(tx, lock), lock !== '');
  }

  /** The snapshot of at most one second ago, in a read of its own when it must be looked up. */
  async forReading(tenantId: TenantId): Promise<TenantSnapshot> {
    const nowMs = this.clock.now().getTime();
    const held = this.#held.get(tenantId);
    if (held !== undefined && isFresh(held, nowMs)) return this.#renewed(tenantId, held, nowMs);
    const running = this.#refreshing.get(tenantId);
    if (running !== undefined) return running;
    const refresh = this.database
      .read(tenantId, async (tx) => this.#current(tx, await readPolicyState(tx, ''), true))
      .finally(() => this.#refreshing.delete(tenantId));
    this.#refreshing.set(tenantId, refresh);
    return refresh;
  }

  /** Makes the next read look at the database: call it after a change was committed. */
  forget(tenantId: TenantId): void {
    this.#held.delete(tenantId);
    this.#refreshing.delete(tenantId);
  }

  /** `isNew`: what this transaction sees is not older than now, so reads may trust it from now on. */
  async #current(tx: SqlTx, state: PolicyState, isNew: boolean): Promise<TenantSnapshot> {
    const nowMs = this.clock.now().getTime();
    const held = this.#held.get(tx.tenantId);
    if (held?.rowVersion === state.rowVersion && nowMs >= held.builtAtMs) {
      if (isNew) held.checkedAtMs = nowMs;
      return this.#renewed(tx.tenantId, held, nowMs);
    }
    const { state: loaded, facts } = await readTenantFacts(tx, new Date(nowMs));
    const made = this.#build(loaded.rowVersion, facts, nowMs, nowMs);
    if (isNew) this.#hold(tx.tenantId, made);
    return made.snapshot;
  }

  /** The held snapshot, or the same facts built anew when a grant began or ended in the meantime. */
  #renewed(tenantId: TenantId, held: Held, nowMs: number): TenantSnapshot {
    if (held.changesAtMs === null || nowMs < held.changesAtMs) return held.snapshot;
    const made = this.#build(held.rowVersion, held.facts, nowMs, held.checkedAtMs);
    this.#hold(tenantId, made);
    return made.snapshot;
  }

  #build(rowVersion: string, facts: TenantFacts, nowMs: number, checkedAtMs: number): Held {
    const built = buildSnapshot(this.files.roles, this.files.baseline, facts, nowMs);
    return { rowVersion, facts, builtAtMs: nowMs, checkedAtMs, ...built };
  }

  #hold(tenantId: TenantId, held: Held): void {
    this.#held.delete(tenantId);
    this.#held.set(tenantId, held);
    if (this.#held.size > TENANTS_MAX) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.#held.delete(oldest);
    }
  }
}

/** A clock that went back makes nothing fresh. */
function isFresh(held: Held, nowMs: number): boolean {
  return (
    nowMs >= held.builtAtMs &&
    nowMs >= held.checkedAtMs &&
    nowMs - held.checkedAtMs < EPOCH_TRUSTED_MS
  );
}
