import type { SqlTx } from '@countersign/database';
import { AppError, type Clock } from '@countersign/kernel';
import type { AppendResult } from './append-result.js';
import { buildBatch, type Batch } from './batch.js';
import { loadHead } from './head.js';
import { keyOf, lookUpDeliveries } from './lookup.js';
import { planAppend, type AppendPlan } from './plan.js';
import type { PreparedDraft } from './prepare.js';
import { APPEND_SQL, appendParameters } from './statement.js';

export interface LockedAppend {
  readonly results: AppendResult[];
  /** Null when every draft was there already. */
  readonly batch: Batch | null;
}

/** Up to this many drafts it pays to look first whether all of them are repetitions. */
const LOOK_FIRST_MAX = 16;

/**
 * As `appendLocked`, but does not take the lock for nothing: replayed projections repeat what they appended, and
 * would keep the tenant's head locked for as long as the replay takes.
 */
export async function appendUnlessRepeated(
  tx: SqlTx,
  clock: Clock,
  drafts: readonly PreparedDraft[],
): Promise<LockedAppend> {
  if (drafts.length <= LOOK_FIRST_MAX) {
    const keys = drafts.map(({ draft }) => draft);
    const known = await lookUpDeliveries(tx, tx.tenantId, keys);
    if (drafts.every(({ draft }) => known.has(keyOf(draft)))) {
      const plan = planAppend(drafts, known, 0n, clock.now());
      if (plan.inserts.length === 0) return { results: plan.answer(null), batch: null };
    }
  }
  return appendLocked(tx, clock, drafts);
}

/**
 * Appends inside an open transaction. The head row is locked first, so deliveries are looked up without a race and
 * a repetition never fails the transaction. `openTiles` asks for a head that any number of entries can follow.
 */
export async function appendLocked(
  tx: SqlTx,
  clock: Clock,
  drafts: readonly PreparedDraft[],
  openTiles = false,
): Promise<LockedAppend> {
  const head = await loadHead(tx, tx.tenantId, {
    lock: true,
    count: openTiles ? Number.MAX_SAFE_INTEGER : drafts.length,
  });
  const now = clock.now();
  const plan = await planAgainstStored(tx, drafts, head.size, now);
  if (plan.inserts.length === 0) return { results: plan.answer(null), batch: null };
  const batch = buildBatch(tx.tenantId, head, plan.inserts, now);
  const [row] = await tx.query<{ swapped: number }>(APPEND_SQL, appendParameters(batch));
  if (row?.swapped !== 1) {
    // Cannot happen while the row is locked; never go on with a guess.
    throw new AppError('INTERNAL', { publicMessage: 'The ledger moved under a locked head.' });
  }
  return { results: plan.answer(batch), batch };
}

async function planAgainstStored(
  tx: SqlTx,
  drafts: readonly PreparedDraft[],
  size: bigint,
  now: Date,
): Promise<AppendPlan> {
  const known = await lookUpDeliveries(
    tx,
    tx.tenantId,
    drafts.map(({ draft }) => draft),
  );
  const plan = planAppend(drafts, known, size, now);
  const given = new Set(drafts);
  const conflicts = plan.inserts.filter((insert) => !given.has(insert));
  if (conflicts.length === 0) return plan;
  // The entries that tell of conflicts have deliveries of their own, which may be there from an earlier time.
  const told = await lookUpDeliveries(
    tx,
    tx.tenantId,
    conflicts.map(({ draft }) => draft),
  );
  return planAppend(drafts, new Map([...known, ...told]), size, now);
}
