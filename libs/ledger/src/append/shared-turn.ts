import { setImmediate } from 'node:timers/promises';
import type { PoolClient } from '@countersign/database';
import type { Built, Lane } from './lane.js';
import { appendRoundTrip } from './round-trip.js';
import { failureKind, sqlState } from './sql-error.js';

/** Tenants whose batches share a transaction. */
export const SHARED_LANES_MAX = 16;

interface Member {
  readonly lane: Lane;
  readonly batch: Built;
}

/**
 * Writes one batch of each of several tenants in one transaction: where each has little to write, the transaction and its
 * fsync cost more than the entries. Each still has a statement of its own under its own row-level security, and its own
 * comparison of its head. A batch whose head moved, or whose statement failed, goes back to its queue to be written by
 * itself; the others of a transaction that failed are written again. Rejects on a failure that may pass.
 */
export async function sharedTurn(client: PoolClient, lanes: readonly Lane[]): Promise<void> {
  // Two processes that lock the same heads do so in the same order.
  const inOrder = [...lanes].sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  const members: Member[] = [];
  let failure: unknown = null;
  for (const lane of inOrder) {
    try {
      const batch = await lane.next(client);
      if (batch !== null) members.push({ lane, batch });
    } catch (error) {
      failure = error; // of one tenant; what is built already is written all the same
      break;
    }
  }
  if (members.length > 0) await write(client, members);
  if (failure !== null) throw failure as Error;
  // Callers that were just answered may have more; let them into the next transaction.
  await setImmediate();
}

async function write(client: PoolClient, members: readonly Member[]): Promise<void> {
  const appends = members.map(({ batch, lane }) => ({
    tenantId: lane.tenantId,
    parameters: batch.parameters,
  }));
  const swapped: (string | null)[] = [];
  try {
    await appendRoundTrip(client, appends, swapped);
  } catch (error) {
    giveBack(members, swapped.length, error);
    if (failureKind(error) === 'transient') throw error;
    await client.query('ROLLBACK');
    return;
  }
  for (const [n, { batch, lane }] of members.entries()) {
    if (swapped[n] === '1') lane.written(batch);
    else lane.notWritten(batch);
  }
}

/** `failed`: whose statement ended with the error; the number of all when it was the COMMIT. */
function giveBack(members: readonly Member[], failed: number, error: unknown): void {
  const inDoubt = sqlState(error) === '' || failed >= members.length;
  for (const [n, { batch, lane }] of members.entries()) {
    if (inDoubt || n === failed) lane.notWritten(batch);
    else lane.again(batch);
  }
}
