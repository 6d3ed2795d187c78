import type { LedgerService } from '@countersign/ledger';
import type { TenantId } from '@countersign/kernel';
import type { TestDatabase } from '../../support/database.js';
import { testVault } from '../../support/vault.js';
import { benchDraft } from './drafts.js';
import { interleavedPairs } from './pairs.js';
import { insertUnderLock, sealDrafts } from './raw-insert.js';
import type { ReportLine } from './report.js';

export interface CallersCase {
  readonly callers: number;
  readonly tenants: number;
  readonly goal: number;
  readonly pairs: number;
}

const EVENTS = { grouped: 20_000, locked: 1_000 } as const;

/** Callers that each wait for their event to be durable, against a locked counter per event. */
export async function callersAgainstLock(
  test: TestDatabase,
  ledger: LedgerService,
  { callers, goal, pairs, tenants }: CallersCase,
): Promise<ReportLine> {
  const ids: TenantId[] = [];
  for (let n = 0; n < tenants; n++) {
    const tenantId = await test.tenant(`callers-${tenants}-${n}`);
    await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
    await test.asOwner('INSERT INTO raw_head VALUES ($1, 0)', [tenantId]);
    ids.push(tenantId);
  }
  await test.asOwner('ANALYZE');
  const tenantAt = (n: number): TenantId => {
    const tenantId = ids[n % ids.length];
    if (tenantId === undefined) throw new Error('no tenant');
    return tenantId;
  };
  const seal = await testVault().key(tenantAt(0));
  const waits: number[] = [];
  let next = 0;
  const run = (events: number, each: (tenantId: TenantId) => Promise<unknown>) => {
    return async (): Promise<number> => {
      let left = events;
      const caller = async (): Promise<void> => {
        while (left-- > 0) await each(tenantAt(next++));
      };
      await Promise.all(Array.from({ length: callers }, caller));
      return events;
    };
  };
  const result = await interleavedPairs(
    {
      name: 'group commit',
      work: run(EVENTS.grouped, async (tenantId) => {
        const start = performance.now();
        await ledger.append(tenantId, [benchDraft()]);
        waits.push(performance.now() - start);
      }),
    },
    {
      name: 'FOR UPDATE',
      work: run(EVENTS.locked, (tenantId) => {
        const [draft] = sealDrafts(seal, [benchDraft()]);
        if (draft === undefined) throw new Error('no draft');
        return insertUnderLock(test.database, tenantId, draft);
      }),
    },
    pairs,
  );
  const what = `${callers} callers, ${tenants} tenant(s) / FOR UPDATE, p99 ${percentile(waits, 0.99).toFixed(0)} ms`;
  return { what, unit: 'events/s', goal, result };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}
