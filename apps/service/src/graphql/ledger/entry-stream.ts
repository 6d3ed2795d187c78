import type { Database } from '@countersign/database';
import type { Principal } from '@countersign/identity';
import { AppError, type Clock } from '@countersign/kernel';
import type { EntryFilter, EntryRecord, LedgerQueries, LedgerService } from '@countersign/ledger';
import type { PolicyService } from '@countersign/policy';
import type { StreamSlots } from './stream-slots.js';

/** Entries read ahead of the reader: the only buffer a subscription has. */
const BATCH = 50;
/** Looked for at least this often, since entries of other processes come without a hint. */
const POLL_MS = 1_000;
/** A reader who lost the right to read is cut off after at most this long. */
const RECHECK_MS = 5_000;

export interface EntryStreamDeps {
  readonly database: Database;
  readonly queries: LedgerQueries;
  readonly ledger: LedgerService;
  readonly policy: PolicyService;
  readonly clock: Clock;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
  /** How many streams are open, shared by all of them. */
  readonly slots: StreamSlots;
}

/**
 * Entries of one tenant, in order, without gap or repetition: those after `afterSequence` (by default: from now
 * on) that match the filter. Reads on only when the reader took what was read, so a slow reader costs no memory.
 * Ends with UNAUTHENTICATED when the token expires and with FORBIDDEN when the right to read was taken away.
 */
export async function* entryStream(
  deps: EntryStreamDeps,
  principal: Principal,
  filter: EntryFilter,
  afterSequence: bigint | null,
): AsyncGenerator<EntryRecord, void, undefined> {
  const leave = deps.slots.enter(principal.id);
  const wake = new Wake(deps.ledger, principal);
  try {
    let next =
      afterSequence === null
        ? await deps.database.read(principal.tenantId, (tx) => deps.queries.size(tx))
        : afterSequence + 1n;
    let checkedAt = deps.clock.now().getTime();
    while (!deps.stopping.aborted) {
      const now = deps.clock.now().getTime();
      if (now >= principal.tokenExpiresAt.getTime()) throw expired();
      if (now - checkedAt >= RECHECK_MS) {
        await mustStillRead(deps, principal);
        checkedAt = now;
      }
      const batch = await readBatch(deps, principal, filter, next);
      for (const record of batch.records) yield record;
      next = batch.next;
      if (!batch.more) await wake.wait(deps.stopping);
    }
  } finally {
    wake.stop();
    leave();
  }
}

/** The next matching entries, and where to read on: past everything that was looked at. */
async function readBatch(
  { database, queries }: EntryStreamDeps,
  principal: Principal,
  filter: EntryFilter,
  from: bigint,
): Promise<{ records: EntryRecord[]; next: bigint; more: boolean }> {
  const fromSequence = (filter.fromSequence ?? from) > from ? (filter.fromSequence ?? from) : from;
  return database.read(principal.tenantId, async (tx) => {
    const size = await queries.size(tx);
    if (fromSequence >= size) return { records: [], next: from, more: false };
    const page = await queries.entries(tx, { ...filter, fromSequence }, { first: BATCH });
    const records = page.edges.map((edge) => edge.node);
    const last = records.at(-1);
    return page.hasNextPage && last !== undefined
      ? { records, next: last.sequence + 1n, more: true }
      : { records, next: size, more: false };
  });
}

async function mustStillRead({ policy }: EntryStreamDeps, principal: Principal): Promise<void> {
  const decision = await policy.authorize(principal, 'ledger.read', 'ledger');
  if (decision.allowed) return;
  throw new AppError('FORBIDDEN', {
    publicMessage: 'This needs ledger.read on ledger.',
    hint: decision.remedy.join(' ') || 'Ask a tenant-admin for a role that allows it.',
  });
}

function expired(): AppError {
  return new AppError('UNAUTHENTICATED', {
    publicMessage: 'The access token has expired.',
    hint: 'Connect again with a new token and afterSequence: the last sequence you have.',
  });
}

/** Turns the ledger's hints into one thing to wait for. A hint that comes between two waits is kept. */
class Wake {
  #signal: (() => void) | null = null;
  #pending = false;
  readonly stop: () => void;

  constructor(ledger: LedgerService, principal: Principal) {
    this.stop = ledger.onAppended((tenantId) => {
      if (tenantId !== principal.tenantId) return;
      this.#pending = true;
      this.#signal?.();
    });
  }

  async wait(stopping: AbortSignal): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          stopping.removeEventListener('abort', done);
          this.#signal = null;
          resolve();
        };
        const timer = setTimeout(done, POLL_MS);
        stopping.addEventListener('abort', done, { once: true });
        this.#signal = done;
      });
    }
    this.#pending = false;
  }
}
