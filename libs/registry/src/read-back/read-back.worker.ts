import type { Database, SqlTx } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import type { Clock, TenantId } from '@countersign/kernel';
import type { LedgerQueries, LedgerService } from '@countersign/ledger';
import { runDraft, unreachableDraft, versionDraft, type Reading } from './read-back.drafts.js';
import { endJobs } from './read-back.planner.js';
import type {
  ObservedRun,
  ReadableRegistry,
  ReadFailureCode,
  ReadResult,
  RegistryReader,
} from './registry-reader.js';

export interface ReadBackWorkerOptions {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly queries: LedgerQueries;
  readonly reader: RegistryReader;
  readonly clock: Clock;
  /** Tries before the source is recorded as unreachable. Default 8, a little over two minutes. */
  readonly triesMax?: number;
  /** Wait after the first failed try, doubled after each further one. Default 1,000. */
  readonly backOffMs?: number;
  /** Default 60,000. */
  readonly backOffMaxMs?: number;
  /** How long a taken job is left alone by others; longer than any reading takes. Default 60,000. */
  readonly leaseMs?: number;
}

interface JobRow {
  read_for: bigint;
  source: string;
  name: string;
  version: string;
  tries: number;
}

type Failure = { readonly code: ReadFailureCode; readonly detail: string };

const JOBS_AT_ONCE = 8;

/**
 * Reads reported versions and their runs back from their registry and records what it saw. A source that
 * tells us of a version often leaves its run out, and never tells its stage.
 *
 * Any number of workers may run: a job is taken by a lease in the database, read outside of any transaction,
 * and recorded under a delivery key of its own. A crash leaves the lease to run out; what had been recorded
 * by then has ended the job.
 */
export class ReadBackWorker {
  readonly #options: ReadBackWorkerOptions;

  constructor(options: ReadBackWorkerOptions) {
    this.#options = options;
  }

  /** Takes up the jobs of a tenant that are due, a few at a time; returns how many were taken. */
  async runOnce(tenantId: TenantId): Promise<number> {
    const { database, queries } = this.#options;
    // The size is read first: whatever is appended from here on counts as newer than the reading.
    const readAtSize = await database.read(tenantId, (tx) => queries.size(tx));
    const jobs = await database.sqlTransaction(tenantId, (tx) => this.#take(tx));
    // All have ended before the first failure is told, so that nothing goes on behind a stop.
    const done = await Promise.allSettled(jobs.map((job) => this.#work(tenantId, job, readAtSize)));
    const failed = done.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return jobs.length;
  }

  async #take(tx: SqlTx): Promise<JobRow[]> {
    const now = this.#options.clock.now();
    const until = new Date(now.getTime() + (this.#options.leaseMs ?? 60_000));
    return tx.query<JobRow>(
      `UPDATE registry_read_back SET next_try_at = $3::timestamptz, tries = tries + 1
        WHERE tenant_id = $1::uuid AND read_for IN (
          SELECT read_for FROM registry_read_back
           WHERE tenant_id = $1::uuid AND (next_try_at IS NULL OR next_try_at <= $2::timestamptz)
           ORDER BY read_for LIMIT ${JOBS_AT_ONCE} FOR UPDATE SKIP LOCKED)
       RETURNING read_for, source, name, version, tries`,
      [tx.tenantId, now.toISOString(), until.toISOString()],
    );
  }

  async #work(tenantId: TenantId, job: JobRow, readAtSize: bigint): Promise<void> {
    const registry = await this.#options.reader.open(tenantId, job.source);
    if (registry === null) {
      await this.#end(tenantId, job);
      return;
    }
    const { name, read_for: readFor, source, version } = job;
    const at = this.#options.clock.now();
    const reading: Reading = { readFor, readAtSize, source, name, version, at };
    const seen = await look(registry, reading);
    if (seen.ok) await this.#record(tenantId, job, seen.value);
    else
      await this.#failed(tenantId, job, unreachableDraft(reading, registry.sourceId, seen), seen);
  }

  async #failed(
    tenantId: TenantId,
    job: JobRow,
    lastWord: EntryDraft,
    failure: Failure,
  ): Promise<void> {
    const {
      backOffMs = 1_000,
      backOffMaxMs = 60_000,
      clock,
      database,
      triesMax = 8,
    } = this.#options;
    if (job.tries >= triesMax) {
      await this.#record(tenantId, job, [lastWord]);
      return;
    }
    const wait = Math.min(backOffMaxMs, backOffMs * 2 ** (job.tries - 1));
    const next = new Date(clock.now().getTime() + wait);
    await database.sqlTransaction(tenantId, (tx) =>
      tx.query(
        `UPDATE registry_read_back SET next_try_at = $3::timestamptz, last_failure = $4::text
          WHERE tenant_id = $1::uuid AND read_for = $2::int8`,
        [tenantId, String(job.read_for), next.toISOString(), `${failure.code}: ${failure.detail}`],
      ),
    );
  }

  async #record(tenantId: TenantId, job: JobRow, drafts: readonly EntryDraft[]): Promise<void> {
    await this.#options.ledger.append(tenantId, drafts);
    await this.#end(tenantId, job);
  }

  async #end(tenantId: TenantId, job: JobRow): Promise<void> {
    await this.#options.database.sqlTransaction(tenantId, (tx) => endJobs(tx, [job.read_for]));
  }
}

/** The version, and the run that the registry names for it, as entries; or why not. */
async function look(
  registry: ReadableRegistry,
  reading: Reading,
): Promise<
  { readonly ok: true; readonly value: EntryDraft[] } | ({ readonly ok: false } & Failure)
> {
  const version = await registry.readVersion(reading.name, reading.version);
  if (!version.ok) return version;
  const { runId } = version.value;
  const run = runId === null ? null : await runOf(registry, runId);
  if (run !== null && !run.ok) return run;
  const drafts = [versionDraft(reading, version.value)];
  if (run !== null && run.value !== null) drafts.push(runDraft(reading, run.value));
  return { ok: true, value: drafts };
}

/** A run that is gone (a registry keeps its id in the version) is no reason to hold the version back. */
async function runOf(
  registry: ReadableRegistry,
  runId: string,
): Promise<ReadResult<ObservedRun | null>> {
  const run = await registry.readRun(runId);
  return !run.ok && run.code === 'NOT_FOUND' ? { ok: true, value: null } : run;
}
