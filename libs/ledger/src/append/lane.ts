import { setImmediate } from 'node:timers/promises';
import { setTenant, type PoolClient, type SqlTx } from '@countersign/database';
import { isAppError, type Clock, type TenantId } from '@countersign/kernel';
import type { AppendResult } from './append-result.js';
import { appendLocked } from './append-in-tx.js';
import { buildBatch, type Batch } from './batch.js';
import { loadHead, type Head } from './head.js';
import { planAppend, type AppendPlan } from './plan.js';
import { RequestQueue, type AppendRequest } from './request.js';
import { appendRoundTrip } from './round-trip.js';
import { failureKind } from './sql-error.js';
import { appendParameters } from './statement.js';

/** Batches of one tenant before the connection goes to another that waits. */
const BATCHES_PER_TURN = 8;

/** Waiting drafts from which it pays to build a batch while the one before is being written. */
const BUILD_AHEAD_FROM = 32;

/** A tenant's queue that is written together with others': drafts fewer than, and bytes up to. */
const SOCIABLE = { drafts: 64, weight: 1024 * 1024 } as const;

/** A batch that is ready to be written. */
export interface Built {
  readonly requests: readonly AppendRequest[];
  readonly plan: AppendPlan;
  readonly batch: Batch;
  readonly parameters: (string | Buffer)[];
}

/** The appends of one tenant in this process: a queue, and the head as this process last saw it. */
export class Lane {
  readonly queue = new RequestQueue();
  #head: Head | null = null;

  constructor(
    readonly tenantId: TenantId,
    private readonly clock: Clock,
    private readonly onAppended: (size: bigint) => void,
  ) {}

  /** So little waits that most of its price would be the transaction. */
  get isSociable(): boolean {
    const { drafts, nextIsSociable, weight } = this.queue;
    return nextIsSociable && drafts < SOCIABLE.drafts && weight <= SOCIABLE.weight;
  }

  /**
   * Writes batches on a connection that nobody else uses, until nothing waits, or it has had its turn and others wait.
   * Rejects on a failure that may pass; what was not answered is back in the queue.
   */
  async turn(client: PoolClient, othersWait: () => boolean): Promise<void> {
    let left = BATCHES_PER_TURN;
    while (!this.queue.isEmpty) {
      const next = await this.next(client);
      left -= next === null ? 1 : await this.#write(client, next, (n) => n < left || !othersWait());
      // Callers that were just answered may have more; let them into the next batch.
      if (this.queue.drafts < BUILD_AHEAD_FROM) await setImmediate();
      if (left <= 0 && othersWait()) return;
    }
  }

  /**
   * Writes a batch, and while enough waits, the next ones: each is built while the one before is written. `goOn` is asked
   * after each with the number of batches so far. Resolves with that number.
   */
  async #write(client: PoolClient, first: Built, goOn: (n: number) => boolean): Promise<number> {
    let batches = 0;
    let current: Built | null = first;
    let written = this.#send(client, first);
    while (current !== null) {
      batches++;
      const ahead: Built | null = goOn(batches)
        ? await this.#buildAhead(current.batch.after)
        : null;
      if (!(await this.#isWritten(client, current, ahead, written))) return batches;
      // The database gets its next work before the callers of the last are answered: they come with more at once.
      if (ahead !== null) written = this.#send(client, ahead);
      this.written(current);
      current = ahead;
    }
    return batches;
  }

  #send(client: PoolClient, { parameters }: Built): ReturnType<typeof appendRoundTrip> {
    const written = appendRoundTrip(client, [{ tenantId: this.tenantId, parameters }]);
    written.catch(() => undefined); // looked at later, after a build
    return written;
  }

  /** The next optimistic batch, or null when what came next was dealt with under the lock, or nothing waits. */
  async next(client: PoolClient): Promise<Built | null> {
    if (this.queue.isEmpty) return null;
    if (!this.queue.nextIsOptimistic) {
      await this.#appendLocked(client, this.queue.take());
      return null;
    }
    this.#head ??= await this.#load(client);
    return this.#build(this.#head, this.queue.take(this.#portion()));
  }

  /**
   * Drafts of a batch that nothing is written beside: half of many, so that the other half is built meanwhile. Callers that
   * wait for each event then come in two groups, and neither PostgreSQL nor this process waits for the other.
   */
  #portion(): number {
    const { drafts } = this.queue;
    return drafts < 2 * BUILD_AHEAD_FROM ? drafts : Math.ceil(drafts / 2);
  }

  async #buildAhead(head: Head): Promise<Built | null> {
    await setImmediate(); // the socket takes what it could not take at once, and answered callers come with more
    const { drafts, nextIsOptimistic } = this.queue;
    return nextIsOptimistic && drafts >= BUILD_AHEAD_FROM
      ? this.#build(head, this.queue.take())
      : null;
  }

  #build(head: Head, requests: readonly AppendRequest[]): Built | null {
    try {
      const now = this.clock.now();
      const drafts = requests.flatMap((request) => request.drafts);
      const plan = planAppend(drafts, new Map(), head.size, now);
      const batch = buildBatch(this.tenantId, head, plan.inserts, now);
      return { requests, plan, batch, parameters: appendParameters(batch) };
    } catch (error) {
      this.#refuse(requests, error);
      return null;
    }
  }

  /**
   * False when the batch was not written: its requests, and those of the batch that was built on it, are back in the
   * queue, and the next attempt holds the lock, so it cannot lose again.
   */
  async #isWritten(
    client: PoolClient,
    built: Built,
    ahead: Built | null,
    written: ReturnType<typeof appendRoundTrip>,
  ): Promise<boolean> {
    try {
      const [swapped] = await written;
      if (swapped !== '1') this.notWritten(built, ahead);
      return swapped === '1';
    } catch (error) {
      this.notWritten(built, ahead);
      if (failureKind(error) === 'transient') throw error;
      await client.query('ROLLBACK');
      return false;
    }
  }

  /** The batch is durable: its callers are answered. */
  written({ batch, plan, requests }: Built): void {
    this.#head = batch.after;
    answer(requests, plan.answer(batch));
    this.onAppended(batch.after.size);
  }

  /** The batch is not there, for no reason of its own: its requests go first among those that wait. */
  again({ requests }: Built): void {
    this.queue.putBack(requests);
  }

  /** The batch may not be there: its requests go first among those that wait, and their next attempt holds the lock. */
  notWritten({ requests }: Built, ahead: Built | null = null): void {
    this.#head = null;
    for (const request of requests) request.locked = true;
    this.queue.putBack([...requests, ...(ahead?.requests ?? [])]);
  }

  async #appendLocked(client: PoolClient, requests: readonly AppendRequest[]): Promise<void> {
    const drafts = requests.flatMap((request) => request.drafts);
    try {
      await client.query(`BEGIN; ${setTenant(this.tenantId)}; SET LOCAL lock_timeout = '2s'`);
      const tx = sqlTx(client, this.tenantId);
      const { batch, results } = await appendLocked(tx, this.clock, drafts, true);
      await client.query('COMMIT');
      if (batch !== null) this.#head = batch.after;
      answer(requests, results);
      if (batch !== null) this.onAppended(batch.after.size);
    } catch (error) {
      this.#head = null;
      if (!isAppError(error) && failureKind(error) === 'transient') {
        this.queue.putBack(requests);
        throw error;
      }
      await client.query('ROLLBACK');
      this.#refuse(requests, error);
    }
  }

  /** A batch that can never be stored: its requests go one by one, so that only the guilty one fails. */
  #refuse(requests: readonly AppendRequest[], error: unknown): void {
    const [only, ...others] = requests;
    if (only !== undefined && others.length === 0) {
      only.reject(error);
      return;
    }
    if (isAppError(error, 'LOG_NOT_OPEN') || isAppError(error, 'READ_ONLY')) {
      for (const request of requests) request.reject(error);
      return;
    }
    for (const request of requests) request.alone = true;
    this.queue.putBack(requests);
  }

  async #load(client: PoolClient): Promise<Head> {
    await client.query(`BEGIN; ${setTenant(this.tenantId)}`);
    try {
      const count = Number.MAX_SAFE_INTEGER;
      return await loadHead(sqlTx(client, this.tenantId), this.tenantId, { lock: false, count });
    } catch (error) {
      if (isAppError(error, 'LOG_NOT_OPEN')) this.#refuse(this.queue.take(), error);
      throw error;
    } finally {
      await client.query('ROLLBACK');
    }
  }
}

function answer(requests: readonly AppendRequest[], results: readonly AppendResult[]): void {
  let at = 0;
  for (const request of requests) {
    request.resolve(results.slice(at, (at += request.drafts.length)));
  }
}

function sqlTx(client: PoolClient, tenantId: TenantId): SqlTx {
  return {
    tenantId,
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(text, [...values])).rows,
  };
}
