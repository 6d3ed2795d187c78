import { setTimeout as delay } from 'node:timers/promises';
import type { Database, PoolClient } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import { AppError, isAppError, type Clock, type TenantId } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import type { AppendResult } from './append-result.js';
import { Lane } from './lane.js';
import { prepareDraft } from './prepare.js';
import { prepareConnection } from './round-trip.js';
import { sealOf } from './seal-of.js';
import { SHARED_LANES_MAX, sharedTurn } from './shared-turn.js';
import { sqlState } from './sql-error.js';

export interface GroupCommitOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly vault: Vault;
  readonly connections: number;
  /** Waiting drafts per tenant. */
  readonly queueLimit: number;
  /** How long a caller waits for a database that does not answer, milliseconds. */
  readonly patienceMs: number;
  readonly onAppended: (tenantId: TenantId, size: bigint) => void;
  /** For a test that shows the comparison in it to be needed. */
  readonly appendSql?: string;
}

/** Drafts of one call; more would not fit a statement of reasonable size. */
const REQUEST_DRAFTS_MAX = 10_000;
/** Payload and evidence bytes that wait, over all tenants. */
const WAITING_BYTES_MAX = 256 * 1024 * 1024;
/** Tenants whose head is kept in memory though nothing waits. */
const IDLE_LANES_MAX = 1_000;
const BACKOFF_MS = { first: 50, max: 1_000 } as const;

/** Groups the appends of each tenant into batches and lets tenants take turns on a few connections. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  /** In order of last use. */
  readonly #lanes = new Map<TenantId, Lane>();
  /** Tenants with something to write that no worker holds, in the order of their turns. */
  readonly #ready = new Set<Lane>();
  readonly #held = new Set<Lane>();
  readonly #workers = new Set<Promise<void>>();
  #waitingBytes = 0;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the drafts are durable. Rejects with OVERLOADED, UNAVAILABLE, INVALID_DRAFT, LOG_NOT_OPEN or READ_ONLY,
   * and as the vault when the tenant has no key.
   */
  async append(tenantId: TenantId, drafts: readonly EntryDraft[]): Promise<AppendResult[]> {
    if (drafts.length === 0) return [];
    if (drafts.length > REQUEST_DRAFTS_MAX) throw tooMany(drafts.length);
    const { database, vault } = this.#options;
    const seal = await sealOf(vault, tenantId, (work) => database.read(tenantId, work));
    // Nothing is awaited from here to the queue: bounds that hold now hold then.
    if (this.#closed) throw unavailable('The service is stopping.');
    const lane = this.#lane(tenantId);
    if (lane.queue.drafts + drafts.length > this.#options.queueLimit && lane.queue.drafts > 0) {
      throw overloaded();
    }
    const prepared = drafts.map((draft) => prepareDraft(draft, seal));
    const weight = prepared.reduce((sum, draft) => sum + draft.weight, 0);
    if (this.#waitingBytes + weight > WAITING_BYTES_MAX && this.#waitingBytes > 0) {
      throw overloaded();
    }
    this.#waitingBytes += weight;
    try {
      return await new Promise<AppendResult[]>((resolve, reject) => {
        const deadline = performance.now() + this.#options.patienceMs;
        const flags = { locked: false, alone: false };
        lane.queue.push({ drafts: prepared, weight, deadline, resolve, reject, ...flags });
        this.#wake(lane);
      });
    } finally {
      this.#waitingBytes -= weight;
    }
  }

  /** Bytes of entries that wait to be written, over all tenants. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Refuses new appends and resolves when the waiting ones are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  #lane(tenantId: TenantId): Lane {
    const { clock, onAppended } = this.#options;
    const lane =
      this.#lanes.get(tenantId) ??
      new Lane(tenantId, clock, (size) => {
        onAppended(tenantId, size);
      });
    this.#lanes.delete(tenantId);
    this.#lanes.set(tenantId, lane);
    if (this.#lanes.size > IDLE_LANES_MAX) this.#forgetOldest();
    return lane;
  }

  #forgetOldest(): void {
    for (const [tenantId, lane] of this.#lanes) {
      if (!lane.queue.isEmpty || this.#held.has(lane)) continue;
      this.#lanes.delete(tenantId);
      return;
    }
  }

  #wake(lane: Lane): void {
    if (!this.#held.has(lane)) this.#ready.add(lane);
    if (this.#workers.size >= this.#options.connections || this.#ready.size === 0) return;
    const worker = this.#work().finally(() => {
      this.#workers.delete(worker);
      const [left] = this.#ready;
      if (left !== undefined) this.#wake(left);
    });
    this.#workers.add(worker);
  }

  /** Serves tenants in turn until none waits. Never rejects: failures go to the callers once their time is up. */
  async #work(): Promise<void> {
    let client: PoolClient | null = null;
    let backoff: number = BACKOFF_MS.first;
    for (const lane of this.#ready) {
      const company = this.#company(lane);
      for (const member of company) {
        this.#ready.delete(member);
        this.#held.add(member);
      }
      try {
        client ??= await this.#connect();
        const othersWait = (): boolean => this.#ready.size > 0;
        await (company.length === 1 ? lane.turn(client, othersWait) : sharedTurn(client, company));
        backoff = BACKOFF_MS.first;
      } catch (error) {
        this.#expire(error);
        client = await usableAfter(client, error);
        // A lock that was not free in time has made us wait already.
        if (client === null && !isAppError(error)) {
          await delay(backoff);
          backoff = Math.min(backoff * 2, BACKOFF_MS.max);
        }
      }
      for (const member of company) {
        this.#held.delete(member);
        if (!member.queue.isEmpty) this.#ready.add(member);
      }
    }
    client?.release();
  }

  /** The tenant whose turn it is, and others that may share its transaction. */
  #company(first: Lane): Lane[] {
    const company = [first];
    if (!first.isSociable) return company;
    for (const lane of this.#ready) {
      if (company.length === SHARED_LANES_MAX) break;
      if (lane !== first && lane.isSociable) company.push(lane);
    }
    return company;
  }

  async #connect(): Promise<PoolClient> {
    const client = await this.#options.database.connect();
    try {
      await prepareConnection(client, this.#options.appendSql);
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  #expire(cause: unknown): void {
    const now = performance.now();
    for (const lane of this.#lanes.values()) {
      for (const request of lane.queue.expired(now)) {
        request.reject(unavailable('The ledger cannot be written right now.', cause));
      }
    }
  }
}

/** The connection, if the server only refused for a lock; otherwise its state is not worth finding out. */
async function usableAfter(client: PoolClient | null, error: unknown): Promise<PoolClient | null> {
  if (client === null) return null;
  if (['40', '55'].includes(sqlState(error).slice(0, 2))) {
    try {
      await client.query('ROLLBACK');
      return client;
    } catch {
      // falls through: broken after all
    }
  }
  client.release(true);
  return null;
}

function overloaded(): AppError {
  return new AppError('OVERLOADED', {
    publicMessage: 'Too many entries are waiting to be recorded.',
    hint: 'Send the same delivery again after the stated time; nothing of it was kept.',
    details: { retryAfterSeconds: 1 },
  });
}

function unavailable(publicMessage: string, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', {
    publicMessage,
    hint: 'Send the same delivery again: if it was recorded after all, the answer says duplicate.',
    details: { retryAfterSeconds: 5 },
    cause,
  });
}

function tooMany(count: number): AppError {
  return new AppError('BAD_REQUEST', {
    publicMessage: `${count} entries in one call; at most ${REQUEST_DRAFTS_MAX}.`,
    hint: 'Append in several calls.',
  });
}
