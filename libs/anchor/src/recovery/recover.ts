import { randomUUID } from 'node:crypto';
import type { Queryable } from '@countersign/database';
import { asTenantId } from '@countersign/kernel';
import { HeadsQueries } from '@countersign/ledger';
import { openFreezes, type InstallationFreeze } from '../freeze/freeze-store.js';
import { storedTree } from '../outside/store-check.js';
import { later, outsideOf, signersOf } from './gap-of-freezes.js';
import { signGap } from './gap-record.js';
import { recoverTenant, type RecoveredTenant } from './recover-tenant.js';
import type { RecoveryOptions } from './recovery-options.js';

export interface RecoveryReport {
  readonly freezes: readonly InstallationFreeze[];
  /** Null when there was no log of heads yet. */
  readonly heads: { readonly oldOrigin: string; readonly newOrigin: string } | null;
  /** Also those that an interrupted recovery had done. */
  readonly tenants: readonly RecoveredTenant[];
}

/**
 * The only way on after the store was found behind or forked: the log of heads and the log of every tenant go on under new
 * origins, and the first entry of each says what was lost. Which tenants lost something cannot be told, since what says so
 * was lost too, so it is all of them. Repeated after an interruption, or run by two operators, it goes on where the other
 * ended: one successor for each log, one entry in each ledger. Null when nothing is frozen.
 */
export async function recover(options: RecoveryOptions): Promise<RecoveryReport | null> {
  const { database } = options;
  const freezes = await database.global((db) => openFreezes(db));
  if (freezes.length === 0) return null;
  const tenants: RecoveredTenant[] = [];
  const ids = await database.global((db) =>
    db.query<{ id: string }>('SELECT id FROM tenant ORDER BY id'),
  );
  for (const { id } of ids) {
    const recovered = await recoverTenant(options, asTenantId(id), freezes);
    if (recovered !== null) tenants.push(recovered);
  }
  // Last, and at once with the end of the freeze: until then nobody appends or signs.
  const heads = await database.global((db) => recoverHeads(db, options, tenants));
  return { freezes, heads, tenants };
}

async function recoverHeads(
  db: Queryable,
  { clock, keys, logName }: RecoveryOptions,
  tenants: readonly RecoveredTenant[],
): Promise<RecoveryReport['heads']> {
  await db.query(`SELECT pg_advisory_xact_lock(hashtext('countersign/recovery'))`);
  const queries = new HeadsQueries();
  const old = await queries.current(db);
  // All that are open now: what was found meanwhile is about the log that ends here.
  const freezes = await openFreezes(db);
  if (freezes.length === 0) return succeeded(db, old?.predecessor ?? null, old?.origin ?? '');
  const now = clock.now();
  let heads: RecoveryReport['heads'] = null;
  let record = '';
  if (old !== null) {
    const { root, size } = await storedTree(db, queries, old.logId);
    const logId = randomUUID();
    heads = { oldOrigin: old.origin, newOrigin: `${logName}/heads/${logId}` };
    await db.query(
      `INSERT INTO heads_log (log_id, origin, opened_at, predecessor)
       VALUES ($1::uuid, $2::text, $3::timestamptz, $4::uuid)`,
      [
        logId,
        heads.newOrigin,
        later(
          now,
          [old.openedAt],
          tenants.map(({ openedAt }) => openedAt),
        ),
        old.logId,
      ],
    );
    const gap = { ...heads, restored: { size, root }, outside: outsideOf(freezes), at: now };
    record = signGap(gap, signersOf(keys, gap));
  }
  for (const { id } of freezes) {
    await db.query(
      `INSERT INTO installation_recovery (freeze_id, record, at)
       VALUES ($1::uuid, $2::text, $3::timestamptz)`,
      [id, record, now],
    );
  }
  return heads;
}

/** What another recovery did in the meantime. */
async function succeeded(
  db: Queryable,
  predecessor: string | null,
  newOrigin: string,
): Promise<RecoveryReport['heads']> {
  if (predecessor === null) return null;
  const old = await new HeadsQueries({ logId: predecessor }).current(db);
  return old === null ? null : { oldOrigin: old.origin, newOrigin };
}
