import type { SqlTx } from '@countersign/database';
import type { LedgerQueries } from '../reads/ledger-queries.js';
import { lockCursor, moveCursor, readCursor } from './cursor.js';
import type { Projector } from './projector.js';

/** Entries per transaction. */
export const PROJECTION_BATCH = 500;

export interface Step {
  /** Where the cursor stands now; null when another replica holds it. */
  readonly cursor: bigint | null;
  /** There is more to read at once. */
  readonly more: boolean;
}

/** Applies the next batch of one projector and moves its cursor, in the caller's transaction. */
export async function projectBatch(
  tx: SqlTx,
  queries: LedgerQueries,
  projector: Projector,
  wait: boolean,
): Promise<Step> {
  const cursor = await lockCursor(tx, projector.name, wait);
  if (cursor === null) return { cursor, more: false };
  return applyAfter(tx, queries, projector, cursor);
}

/** Clears the projection and applies its first batches up to the end, in the caller's transaction. */
export async function projectAnew(
  tx: SqlTx,
  queries: LedgerQueries,
  projector: Projector,
): Promise<void> {
  await lockCursor(tx, projector.name, true);
  await projector.clear(tx);
  await moveCursor(tx, projector.name, -1n);
  let step = await applyAfter(tx, queries, projector, -1n);
  while (step.more) step = await applyAfter(tx, queries, projector, step.cursor ?? -1n);
}

async function applyAfter(
  tx: SqlTx,
  queries: LedgerQueries,
  projector: Projector,
  cursor: bigint,
): Promise<Step> {
  const end = await limitOf(tx, queries, projector);
  if (cursor >= end) return { cursor, more: false };
  if (!(await queries.contents(tx)).readable) {
    // The tenant was closed: there is nothing left to project.
    await moveCursor(tx, projector.name, end);
    return { cursor: end, more: false };
  }
  const entries = await queries.range(tx, {
    after: cursor,
    upTo: end,
    limit: PROJECTION_BATCH,
    types: projector.types,
    evidence: projector.evidence,
  });
  if (entries.length > 0) await projector.apply(tx, entries, await queries.seal(tx));
  // A full batch may leave entries behind its last one; otherwise everything up to `end` was looked at.
  const full = entries.length === PROJECTION_BATCH;
  const reached = full ? (entries.at(-1)?.sequence ?? end) : end;
  await moveCursor(tx, projector.name, reached);
  return { cursor: reached, more: reached < end };
}

/** The last sequence that may be read now: that of the log, or of a projector that must stay ahead. */
async function limitOf(tx: SqlTx, queries: LedgerQueries, projector: Projector): Promise<bigint> {
  let limit = (await queries.size(tx)) - 1n;
  for (const name of projector.after ?? []) {
    const cursor = await readCursor(tx, name);
    if (cursor < limit) limit = cursor;
  }
  return limit;
}
