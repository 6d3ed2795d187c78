import { randomUUID } from 'node:crypto';
import type { SqlTx } from '@countersign/database';
import { personal, subjects, SYSTEM_ACTOR } from '@countersign/events';
import { isAppError, type TenantId } from '@countersign/kernel';
import type { InstallationFreeze } from '../freeze/freeze-store.js';
import { later, outsideOf, signersOf } from './gap-of-freezes.js';
import { signGap, type Gap } from './gap-record.js';
import type { RecoveryOptions } from './recovery-options.js';

export interface RecoveredTenant {
  readonly tenantId: TenantId;
  readonly oldOrigin: string;
  readonly newOrigin: string;
  /** Of the new log. */
  readonly openedAt: Date;
  /** Entries that the database still held. */
  readonly restoredSize: bigint;
  /** Of `ledger.gap_recorded`; null when nothing can be appended to this log any more. */
  readonly sequence: bigint | null;
}

const SOURCE = 'countersign';

/** Gives a tenant's log its successor, in one transaction, unless an interrupted recovery did. Null without a log. */
export async function recoverTenant(
  options: RecoveryOptions,
  tenantId: TenantId,
  freezes: readonly InstallationFreeze[],
): Promise<RecoveredTenant | null> {
  const { database } = options;
  try {
    return await database.sqlTransaction(tenantId, (tx) => succeed(tx, options, freezes, true));
  } catch (error) {
    // A closed tenant takes no entry, but must not sign under its old origin either.
    if (!isAppError(error, 'KEY_DESTROYED')) throw error;
    return database.sqlTransaction(tenantId, (tx) => succeed(tx, options, freezes, false));
  }
}

interface LogRow {
  readonly log_id: string;
  readonly origin: string;
  readonly opened_at: Date;
  readonly before: string | null;
}

async function succeed(
  tx: SqlTx,
  options: RecoveryOptions,
  freezes: readonly InstallationFreeze[],
  speaks: boolean,
): Promise<RecoveredTenant | null> {
  const { clock, ledger, logName } = options;
  const [head] = await tx.query<{ size: bigint; root: Buffer; frozen_reason: string | null }>(
    'SELECT size, root, frozen_reason FROM ledger_head WHERE tenant_id = $1::uuid FOR UPDATE',
    [tx.tenantId],
  );
  // Behind the lock, so that what another recovery did is seen.
  const [log] = await tx.query<LogRow>(
    `SELECT l.log_id, l.origin, l.opened_at, p.origin AS before
     FROM ledger_log l LEFT JOIN ledger_log p ON p.tenant_id = l.tenant_id AND p.log_id = l.predecessor
     WHERE l.tenant_id = $1::uuid ORDER BY l.opened_at DESC LIMIT 1`,
    [tx.tenantId],
  );
  if (log === undefined || head === undefined) return null;
  const { tenantId } = tx;
  if (log.before !== null && isOfRecovery(log.opened_at, freezes)) {
    const sequence = await recordedGap(tx, freezes);
    return {
      ...{ tenantId, oldOrigin: log.before, newOrigin: log.origin, openedAt: log.opened_at },
      ...{ restoredSize: sequence ?? head.size, sequence },
    };
  }
  const logId = randomUUID();
  const newOrigin = `${logName}/${logId}`;
  const openedAt = later(
    clock.now(),
    [log.opened_at],
    freezes.map(({ at }) => at),
  );
  await tx.query(
    `INSERT INTO ledger_log (tenant_id, log_id, origin, opened_at, predecessor)
     VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz, $5::uuid)`,
    [tenantId, logId, newOrigin, openedAt, log.log_id],
  );
  const gap = {
    oldOrigin: log.origin,
    newOrigin,
    restored: { size: head.size, root: head.root },
    outside: outsideOf(freezes),
    at: clock.now(),
  };
  // A log that was frozen for itself says so too, and stays frozen.
  if (head.frozen_reason !== null) await ledger.thaw(tx);
  const sequence = speaks ? await appendGap(tx, options, gap, freezes) : null;
  if (head.frozen_reason !== null) await ledger.freeze(tx, head.frozen_reason);
  const { oldOrigin } = gap;
  return { tenantId, oldOrigin, newOrigin, openedAt, restoredSize: head.size, sequence };
}

/**
 * A recovery opens logs no earlier than the freezes that it follows, and a freeze is dated behind every log of the
 * recoveries before it, whatever the clocks of the machines say.
 */
function isOfRecovery(openedAt: Date, freezes: readonly InstallationFreeze[]): boolean {
  return freezes.some(({ at }) => openedAt.getTime() >= at.getTime());
}

async function appendGap(
  tx: SqlTx,
  { clock, keys, ledger, operator, reason }: RecoveryOptions,
  gap: Gap,
  freezes: readonly InstallationFreeze[],
): Promise<bigint> {
  const [result] = await ledger.appendInTx(tx, [
    {
      type: 'ledger.gap_recorded',
      source: SOURCE,
      subject: subjects.ledger,
      actor: SYSTEM_ACTOR,
      basis: 'authenticated',
      occurredAt: clock.now(),
      delivery: deliveries(freezes)[0] ?? '',
      data: {
        oldOrigin: gap.oldOrigin,
        newOrigin: gap.newOrigin,
        restoredSize: gap.restored.size.toString(),
        restoredRoot: hex(gap.restored.root),
        outside: gap.outside.map(({ origin, root, size, source }) => ({
          source,
          origin,
          size: size.toString(),
          rootHash: hex(root),
        })),
        reason: personal(reason, operator),
        operator: personal(operator, operator),
        record: signGap(gap, signersOf(keys, gap)),
      },
    },
  ]);
  return result?.sequence ?? gap.restored.size;
}

async function recordedGap(
  tx: SqlTx,
  freezes: readonly InstallationFreeze[],
): Promise<bigint | null> {
  const [row] = await tx.query<{ seq: bigint }>(
    `SELECT seq FROM ledger_delivery
     WHERE tenant_id = $1::uuid AND source = $2::text AND delivery = ANY ($3::text[])`,
    [tx.tenantId, SOURCE, deliveries(freezes)],
  );
  return row?.seq ?? null;
}

function deliveries(freezes: readonly InstallationFreeze[]): string[] {
  return freezes.map(({ id }) => `gap:${id}`);
}

function hex(root: Uint8Array | null): string | null {
  return root === null ? null : Buffer.from(root).toString('hex');
}
