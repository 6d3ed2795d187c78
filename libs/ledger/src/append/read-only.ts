import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';

/** Why this process appends nothing. */
export interface ReadOnlyState {
  /** Stable, for machines: STORE_BEHIND, STORE_FORKED … */
  readonly code: string;
  /** For people, without a full stop. */
  readonly reason: string;
}

/** Nothing was appended and a repetition will not help until an operator has acted. `reason` is shown to callers. */
export function readOnly(reason: string, code = 'FROZEN'): AppError {
  return new AppError('READ_ONLY', {
    publicMessage: `The ledger is read-only: ${reason}.`,
    hint: 'Nothing was recorded. An operator has to act first; send the same again afterwards.',
    details: { reason, code, retryAfterSeconds: 60 },
  });
}

/** Lets nothing be appended to the tenant's log, by any replica, from the commit of this transaction on. */
export async function freezeHead(tx: SqlTx, reason: string): Promise<void> {
  await tx.query('UPDATE ledger_head SET frozen_reason = $2::text WHERE tenant_id = $1::uuid', [
    tx.tenantId,
    reason,
  ]);
}

/** Takes a freeze back. */
export async function thawHead(tx: SqlTx): Promise<void> {
  await tx.query('UPDATE ledger_head SET frozen_reason = NULL WHERE tenant_id = $1::uuid', [
    tx.tenantId,
  ]);
}
