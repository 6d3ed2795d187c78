import { setImmediate } from 'node:timers/promises';
import { decodeHeadLeaf, toHex } from '@countersign/chain';
import type { Database, Queryable } from '@countersign/database';
import { subjects, SYSTEM_ACTOR, type EntryDraft } from '@countersign/events';
import { asTenantId, isAppError, type Clock, type TenantId } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import type { SigningKeys } from '../checkpoint/signing-keys.js';
import { HeadsQueries } from '../heads/heads-queries.js';
import type { LedgerService } from '../ledger-service.js';
import { knownLogKeys } from './known-keys.js';
import type { LiveFault, VerifyLevel } from './range-task.js';
import { verifyLive, type LiveVerdict } from './verify-live.js';

export interface SweepContext {
  readonly database: Database;
  readonly ledger: Pick<LedgerService, 'append' | 'appendInTx' | 'freeze'>;
  readonly vault: Vault;
  readonly keys: SigningKeys;
  readonly clock: Clock;
  /** Default `payloads`. */
  readonly level?: VerifyLevel | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of one log that the log of heads names. */
export type SweepOutcome =
  | { readonly ok: true; readonly tenantId: TenantId; readonly size: bigint }
  | {
      readonly ok: false;
      /** Null when nobody's ledger has this origin: a whole tenant is gone. */
      readonly tenantId: TenantId | null;
      readonly origin: string;
      readonly fault: LiveFault;
    };

/**
 * Verifies every ledger that was ever opened, by the log of heads, so that one that is gone is missed. Each result is an
 * entry of its ledger; one that does not hold is read-only from then on. One ledger at a time.
 */
export async function* sweepLedgers(
  context: SweepContext,
): AsyncGenerator<SweepOutcome, void, undefined> {
  const { database } = context;
  const owners = await database.global(logOwners);
  const done = new Set<TenantId>();
  for await (const origin of openedOrigins(database)) {
    if (context.signal?.aborted === true) return;
    const tenantId = owners.get(origin) ?? null;
    if (tenantId === null) yield missing(origin);
    else if (!done.has(tenantId)) {
      done.add(tenantId);
      yield await sweepLedger(context, tenantId, origin);
    }
    await setImmediate(); // whoever answers requests in this process goes first
  }
}

async function sweepLedger(
  context: SweepContext,
  tenantId: TenantId,
  origin: string,
): Promise<SweepOutcome> {
  const { database, keys, signal, vault } = context;
  const level = context.level ?? 'payloads';
  const heads = await newestHead(database, origin);
  const verdict = await verifyLive(database, tenantId, {
    ...{ vault, level, signal, heads },
    logKeys: await knownLogKeys(database, keys),
  });
  if (verdict.ok) {
    await recordUnlessReadOnly(context, tenantId, verifiedDraft(context, verdict, level));
    return { ok: true, tenantId, size: verdict.size };
  }
  const { expected, rule, sequence } = verdict;
  const fault: LiveFault = { expected, rule, sequence };
  await recordUnlessReadOnly(context, tenantId, failedDraft(context, fault, level));
  const reason = `verification failed at sequence ${sequence}: ${rule}`;
  await database.sqlTransaction(tenantId, (tx) => context.ledger.freeze(tx, reason));
  return { ok: false, tenantId, origin, fault };
}

/**
 * A ledger that is read-only has no room for the result, and one that was changed may not take an entry: that must not
 * keep it from being stopped. What else fails, fails.
 */
async function recordUnlessReadOnly(
  { database, ledger }: SweepContext,
  tenantId: TenantId,
  draft: EntryDraft,
): Promise<void> {
  try {
    await database.sqlTransaction(tenantId, (tx) => ledger.appendInTx(tx, [draft]));
  } catch (error) {
    if (isAppError(error, 'READ_ONLY') || draft.type === 'ledger.verification_failed') return;
    throw error;
  }
}

/** The newest head that the log of heads has of a log. */
async function newestHead(
  database: Database,
  origin: string,
): Promise<{ readonly size: bigint; readonly root: Uint8Array }[]> {
  const head = await database.global((db) => new HeadsQueries().newestHeadOf(db, origin));
  const decoded = head === null ? null : decodeHeadLeaf(head.leaf);
  if (decoded?.ok !== true || decoded.leaf.kind !== 'head/1') return [];
  return [{ size: decoded.leaf.size, root: decoded.leaf.root }];
}

const PAGE = 1_000n;

/** Origins of the logs that were opened, in order, from the leaves themselves. */
async function* openedOrigins(database: Database): AsyncGenerator<string, void, undefined> {
  const heads = new HeadsQueries();
  for (let from = 0n; ; from += PAGE) {
    const leaves = await database.global((db) => heads.leaves(db, from, from + PAGE));
    for (const leaf of leaves) {
      const decoded = decodeHeadLeaf(leaf);
      if (decoded.ok && decoded.leaf.kind === 'log.opened/1') yield decoded.leaf.origin;
    }
    if (BigInt(leaves.length) < PAGE) return;
  }
}

async function logOwners(db: Queryable): Promise<Map<string, TenantId>> {
  const rows = await db.query<{ tenant_id: string; origin: string }>(
    'SELECT tenant_id, origin FROM ledger_logs()',
  );
  return new Map(rows.map(({ origin, tenant_id }) => [origin, asTenantId(tenant_id)]));
}

function missing(origin: string): SweepOutcome {
  const expected = `the ledger of the log ${origin}`;
  return {
    ok: false,
    tenantId: null,
    origin,
    fault: { sequence: 0n, rule: 'LEDGER_MISSING', expected },
  };
}

function verifiedDraft(
  { clock }: SweepContext,
  { from, root, size }: Extract<LiveVerdict, { ok: true }>,
  level: VerifyLevel,
): EntryDraft {
  return draftOf('ledger.verified', clock.now(), {
    level,
    from: from.toString(),
    size: size.toString(),
    rootHash: toHex(root),
  });
}

function failedDraft(
  { clock }: SweepContext,
  { expected, rule, sequence }: LiveFault,
  level: VerifyLevel,
): EntryDraft {
  const data = { level, rule, sequence: sequence.toString(), expected: expected.slice(0, 500) };
  return draftOf('ledger.verification_failed', clock.now(), data);
}

function draftOf(
  type: 'ledger.verified' | 'ledger.verification_failed',
  at: Date,
  data: EntryDraft['data'],
): EntryDraft {
  return {
    type,
    data,
    source: 'countersign',
    subject: subjects.ledger,
    actor: SYSTEM_ACTOR,
    basis: SYSTEM_ACTOR.basis,
    occurredAt: at,
    delivery: `${type}:${at.toISOString()}`,
  };
}
