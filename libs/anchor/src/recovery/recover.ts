import { randomUUID } from 'node:crypto';
import { noteText, parseCheckpoint } from '@countersign/chain';
import type { Database, Queryable, SqlTx } from '@countersign/database';
import { personal, subjects, SYSTEM_ACTOR } from '@countersign/events';
import { asTenantId, isAppError, type Clock, type TenantId } from '@countersign/kernel';
import {
  HeadsQueries,
  LedgerQueries,
  type HeadsLogRecord,
  type LedgerService,
  type SigningKeys,
} from '@countersign/ledger';
import { openFreezes, type InstallationFreeze } from '../freeze/freeze-store.js';
import { storedTree } from '../outside/store-check.js';
import { signGap, type Gap, type TreeState } from './gap-record.js';

export interface RecoveryOptions {
  readonly database: Database;
  /** Not read-only: of the process that recovers, which serves nobody. */
  readonly ledger: LedgerService;
  readonly keys: SigningKeys;
  readonly clock: Clock;
  readonly logName: string;
  /** Why the operator accepts the gap, and who that is: kept as personal values. */
  readonly reason: string;
  readonly operator: string;
}

export interface RecoveryReport {
  readonly freezes: readonly InstallationFreeze[];
  /** Null when there was no log of heads yet. */
  readonly heads: { readonly oldOrigin: string; readonly newOrigin: string } | null;
  readonly tenants: readonly RecoveredTenant[];
}

export interface RecoveredTenant {
  readonly tenantId: TenantId;
  readonly oldOrigin: string;
  readonly newOrigin: string;
  /** Entries that the database still held. */
  readonly restoredSize: bigint;
  /** Of `ledger.gap_recorded`; null when nothing can be appended to this log any more. */
  readonly sequence: bigint | null;
}

const SOURCE = 'countersign';

/**
 * The only way on after the store was found behind or forked: the log of heads and the log of every tenant go on under new
 * origins, and the first entry of each says what was lost. Which tenants lost something cannot be told, since what says so
 * was lost too, so it is all of them. May be repeated after it was interrupted. Null when nothing is frozen.
 */
export async function recover(options: RecoveryOptions): Promise<RecoveryReport | null> {
  const { clock, database, keys } = options;
  const freezes = await database.global((db) => openFreezes(db));
  const [first] = freezes;
  if (first === undefined) return null;
  const tenants: RecoveredTenant[] = [];
  const ids = await database.global((db) =>
    db.query<{ id: string }>('SELECT id FROM tenant ORDER BY id'),
  );
  for (const { id } of ids) {
    const recovered = await recoverTenant(options, asTenantId(id), freezes);
    if (recovered !== null) tenants.push(recovered);
  }
  const heads = await database.global(async (db) => {
    const now = clock.now();
    const succeeded = await succeedHeads(db, options, freezes);
    const record = succeeded === null ? '' : signGap(succeeded, signersOf(keys, succeeded));
    for (const { id } of freezes) {
      await db.query(
        `INSERT INTO installation_recovery (freeze_id, record, at)
         VALUES ($1::uuid, $2::text, $3::timestamptz) ON CONFLICT DO NOTHING`,
        [id, record, now],
      );
    }
    return succeeded;
  });
  return { freezes, heads, tenants };
}

async function succeedHeads(
  db: Queryable,
  { clock, logName }: RecoveryOptions,
  freezes: readonly InstallationFreeze[],
): Promise<Gap | null> {
  const queries = new HeadsQueries();
  const old: HeadsLogRecord | null = await queries.current(db);
  if (old === null) return null;
  const { root, size } = await storedTree(db, queries, old.logId);
  const logId = randomUUID();
  const newOrigin = `${logName}/heads/${logId}`;
  await db.query(
    `INSERT INTO heads_log (log_id, origin, opened_at, predecessor)
     VALUES ($1::uuid, $2::text, $3::timestamptz, $4::uuid)`,
    [logId, newOrigin, after(old.openedAt, clock), old.logId],
  );
  return {
    oldOrigin: old.origin,
    newOrigin,
    restored: { size, root },
    outside: outsideOf(freezes),
    at: clock.now(),
  };
}

/** Null for a tenant without a log, and for one that an interrupted recovery had done. */
async function recoverTenant(
  options: RecoveryOptions,
  tenantId: TenantId,
  freezes: readonly InstallationFreeze[],
): Promise<RecoveredTenant | null> {
  try {
    return await options.database.sqlTransaction(tenantId, (tx) =>
      succeedTenant(tx, options, freezes, true),
    );
  } catch (error) {
    // A closed tenant takes no entry, but must not sign under its old origin either.
    if (!isAppError(error, 'KEY_DESTROYED')) throw error;
    return options.database.sqlTransaction(tenantId, (tx) =>
      succeedTenant(tx, options, freezes, false),
    );
  }
}

async function succeedTenant(
  tx: SqlTx,
  options: RecoveryOptions,
  freezes: readonly InstallationFreeze[],
  speaks: boolean,
): Promise<RecoveredTenant | null> {
  const { clock, ledger, logName } = options;
  const delivery = `gap:${freezes[0]?.id ?? ''}`;
  const old = await new LedgerQueries().log(tx);
  const [head] = await tx.query<{ size: bigint; root: Buffer; frozen_reason: string | null }>(
    'SELECT size, root, frozen_reason FROM ledger_head WHERE tenant_id = $1::uuid FOR UPDATE',
    [tx.tenantId],
  );
  if (old === null || head === undefined || (await isDone(tx, delivery))) return null;
  const logId = randomUUID();
  const newOrigin = `${logName}/${logId}`;
  await tx.query(
    `INSERT INTO ledger_log (tenant_id, log_id, origin, opened_at, predecessor)
     VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz, $5::uuid)`,
    [tx.tenantId, logId, newOrigin, after(old.openedAt, clock), old.logId],
  );
  const restored = { size: head.size, root: head.root };
  const gap = {
    oldOrigin: old.origin,
    newOrigin,
    restored,
    outside: outsideOf(freezes),
    at: clock.now(),
  };
  // A log that was frozen for itself says so too, and stays frozen.
  if (head.frozen_reason !== null) await ledger.thaw(tx);
  const sequence = speaks ? await appendGap(tx, options, gap, delivery) : null;
  if (head.frozen_reason !== null) await ledger.freeze(tx, head.frozen_reason);
  return {
    tenantId: tx.tenantId,
    oldOrigin: old.origin,
    newOrigin,
    restoredSize: head.size,
    sequence,
  };
}

async function appendGap(
  tx: SqlTx,
  { clock, keys, ledger, operator, reason }: RecoveryOptions,
  gap: Gap,
  delivery: string,
): Promise<bigint> {
  const [result] = await ledger.appendInTx(tx, [
    {
      type: 'ledger.gap_recorded',
      source: SOURCE,
      subject: subjects.ledger,
      actor: SYSTEM_ACTOR,
      basis: 'authenticated',
      occurredAt: clock.now(),
      delivery,
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

async function isDone(tx: SqlTx, delivery: string): Promise<boolean> {
  const rows = await tx.query(
    `SELECT 1 FROM ledger_delivery WHERE tenant_id = $1::uuid AND source = $2::text AND delivery = $3::text`,
    [tx.tenantId, SOURCE, delivery],
  );
  return rows.length > 0;
}

/** Under both names: the old key vouches for the new origin. */
function signersOf(
  keys: SigningKeys,
  gap: Pick<Gap, 'newOrigin' | 'oldOrigin'>,
): ReturnType<SigningKeys['signers']> {
  return [...keys.signers(gap.oldOrigin), ...keys.signers(gap.newOrigin)];
}

function outsideOf(
  freezes: readonly InstallationFreeze[],
): (TreeState & { origin: string; source: string })[] {
  return freezes.map(({ origin, outside, outsideNote, outsideSize }) => {
    const checkpoint = outsideNote === null ? null : parseCheckpoint(noteText(outsideNote) ?? '');
    return {
      origin: checkpoint?.origin ?? origin,
      source: outside,
      size: outsideSize,
      root: checkpoint?.root ?? null,
    };
  });
}

/** The newest log is found by when it was opened. */
function after(opened: Date, clock: Clock): Date {
  return new Date(Math.max(clock.now().getTime(), opened.getTime() + 1));
}

function hex(root: Uint8Array | null): string | null {
  return root === null ? null : Buffer.from(root).toString('hex');
}
