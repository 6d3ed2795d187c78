import type { Database, SqlTx } from '@countersign/database';
import { personal, SYSTEM_ACTOR, subjects } from '@countersign/events';
import { AppError, type Clock, type TenantId } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import { logNotOpen } from '../append/head.js';
import type { LedgerService } from '../ledger-service.js';

export interface CloseTenantDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly vault: Vault;
  readonly clock: Clock;
}

export interface ClosedTenant {
  /** Of the last entry, which says so. */
  readonly sequence: bigint;
  /** False when an earlier call had closed it already. */
  readonly closedNow: boolean;
}

/** The delivery of the last entry: closing again finds it. */
const DELIVERY = 'tenant.closed';

/**
 * Closes a tenant for ever: a last entry says so, nothing is appended any more, and the data key is destroyed, so that
 * payloads, personal values and evidence are lost here and in every backup. Headers, checkpoints and proofs stay and
 * verify. Repeating it after an interruption finishes it. Throws LEGAL_HOLD, LOG_NOT_OPEN, and READ_ONLY where the ledger
 * was stopped for another reason.
 */
export async function closeTenant(
  { clock, database, ledger, vault }: CloseTenantDeps,
  tenantId: TenantId,
  reason: string,
): Promise<ClosedTenant> {
  const closed = await database.sqlTransaction(tenantId, async (tx) => {
    await lockHead(tx);
    const before = await closingEntry(tx);
    if (before !== null) return { sequence: before, closedNow: false };
    await refuseHeld(tx);
    const [result] = await ledger.appendInTx(tx, [
      {
        type: 'tenant.closed',
        source: 'countersign',
        subject: subjects.tenant,
        actor: SYSTEM_ACTOR,
        basis: 'authenticated',
        occurredAt: clock.now(),
        delivery: DELIVERY,
        data: { reason: personal(reason) },
      },
    ]);
    if (result === undefined) throw new Error('the append answered nothing');
    await ledger.freeze(tx, 'the tenant was closed');
    return { sequence: result.sequence, closedNow: true };
  });
  // Only once it is certain that nothing more can be sealed.
  await vault.destroy(tenantId, clock.now());
  return closed;
}

/** Whoever places a hold appends too, so from here on none comes in between. */
async function lockHead(tx: SqlTx): Promise<void> {
  const rows = await tx.query('SELECT 1 FROM ledger_head WHERE tenant_id = $1::uuid FOR UPDATE', [
    tx.tenantId,
  ]);
  if (rows.length === 0) throw logNotOpen();
}

async function closingEntry(tx: SqlTx): Promise<bigint | null> {
  const [row] = await tx.query<{ seq: bigint }>(
    `SELECT e.seq FROM ledger_delivery d
     JOIN ledger_entry e ON e.tenant_id = $1::uuid AND e.seq = d.seq AND e.type = 'tenant.closed'
     WHERE d.tenant_id = $1::uuid AND d.source = 'countersign' AND d.delivery = $2::text`,
    [tx.tenantId, DELIVERY],
  );
  return row?.seq ?? null;
}

async function refuseHeld(tx: SqlTx): Promise<void> {
  const [hold] = await tx.query<{ id: string }>(
    `SELECT id FROM legal_hold WHERE tenant_id = $1::uuid AND released_at IS NULL
     ORDER BY placed_at, id LIMIT 1`,
    [tx.tenantId],
  );
  if (hold === undefined) return;
  throw new AppError('LEGAL_HOLD', {
    publicMessage: `The legal hold ${hold.id} is in force: closing the tenant would destroy what it protects.`,
    hint: 'Release every hold of the tenant first.',
    details: { holdId: hold.id },
  });
}
