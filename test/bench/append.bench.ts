import { LedgerService } from '@countersign/ledger';
import { systemClock, type TenantId } from '@countersign/kernel';
import type { TestDatabase } from '../support/database.js';
import { benchDraft, benchDrafts } from './support/drafts.js';
import { interleavedPairs, type Contestant, type PairResult } from './support/pairs.js';
import { withBenchDatabase } from './support/postgres.js';
import { createRawTables, insertRaw, insertUnderLock } from './support/raw-insert.js';
import { printReport } from './support/report.js';
import { testVault } from '../support/vault.js';

const PAIRS = 5;
/** Appends under way at once: one is written while the next is prepared. */
const IN_FLIGHT = 3;

async function openTenant(
  test: TestDatabase,
  ledger: LedgerService,
  slug: string,
): Promise<TenantId> {
  const tenantId = await test.tenant(slug);
  await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
  return tenantId;
}

/** The ledger in batches of a size against plain inserts of the same rows in statements of that size. */
async function batches(
  test: TestDatabase,
  ledger: LedgerService,
  size: number,
  rows: number,
): Promise<PairResult> {
  const tenantId = await openTenant(test, ledger, `batches-${size}`);
  const count = rows / size;
  let rawSize = 0n;
  const appended: Contestant = {
    name: 'ledger',
    work: async () => {
      const waiting = Array.from({ length: count }, () => benchDrafts(size));
      const caller = async (): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          await ledger.append(tenantId, next);
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
      return rows;
    },
  };
  const inserted: Contestant = {
    name: 'raw',
    work: async () => {
      const waiting = Array.from({ length: count }, () => benchDrafts(size));
      await insertRaw(test.database, tenantId, rawSize, waiting);
      rawSize += BigInt(rows);
      return rows;
    },
  };
  return interleavedPairs(appended, inserted, PAIRS);
}

/** 64 callers that each wait for their event, against a locked counter per event. */
async function waitingCallers(test: TestDatabase, ledger: LedgerService): Promise<PairResult> {
  const tenantId = await openTenant(test, ledger, 'callers');
  await test.asOwner('INSERT INTO raw_head VALUES ($1, 0)', [tenantId]);
  const callers = (each: () => Promise<unknown>, events: number): Contestant['work'] => {
    return async () => {
      let left = events;
      const caller = async (): Promise<void> => {
        while (left-- > 0) await each();
      };
      await Promise.all(Array.from({ length: 64 }, caller));
      return events;
    };
  };
  return interleavedPairs(
    { name: 'group commit', work: callers(() => ledger.append(tenantId, [benchDraft()]), 12_000) },
    {
      name: 'FOR UPDATE',
      work: callers(() => insertUnderLock(test.database, tenantId, benchDraft()), 1_000),
    },
    PAIRS,
  );
}

await withBenchDatabase(async (test) => {
  await createRawTables(test);
  const ledger = new LedgerService({
    vault: testVault(),
    database: test.database,
    clock: systemClock,
    connections: 1,
  });
  const thousand = await batches(test, ledger, 1_000, 20_000);
  const hundred = await batches(test, ledger, 100, 10_000);
  const callers = await waitingCallers(test, ledger);
  await ledger.close();
  printReport('Append, median of interleaved pairs of one run', [
    { what: 'batches of 1,000 / raw insert', unit: 'rows/s', goal: 0.85, result: thousand },
    { what: 'batches of 100 / raw insert', unit: 'rows/s', goal: 0.75, result: hundred },
    { what: '64 callers / FOR UPDATE', unit: 'events/s', goal: 12, result: callers },
  ]);
});
