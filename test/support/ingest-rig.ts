import { randomUUID } from 'node:crypto';
import { IngestService, SourceService } from '@countersign/ingest';
import type { Principal } from '@countersign/identity';
import { fixedClock, type TenantId } from '@countersign/kernel';
import { LedgerQueries, LedgerService, type EntryRecord } from '@countersign/ledger';
import { createTestDatabase, type TestDatabase } from './database.js';
import { testVault } from './vault.js';

/** Sources, ingest and a ledger on a database of their own, under a clock that is set. */
export interface IngestRig {
  readonly test: TestDatabase;
  readonly clock: ReturnType<typeof fixedClock>;
  readonly ledger: LedgerService;
  readonly queries: LedgerQueries;
  readonly sources: SourceService;
  readonly ingest: IngestService;
  /** A tenant with an open log, and somebody in it. */
  tenant(slug?: string): Promise<Principal>;
  /** The whole ledger of a tenant with evidence, oldest first. */
  entries(tenantId: TenantId): Promise<EntryRecord[]>;
  close(): Promise<void>;
}

export async function createIngestRig(at = new Date('2026-11-21T12:00:00Z')): Promise<IngestRig> {
  const test = await createTestDatabase();
  const { database } = test;
  const clock = fixedClock(at);
  const ledger = new LedgerService({ vault: testVault(), database, clock });
  const queries = new LedgerQueries({ vault: testVault() });
  const sources = new SourceService({ database, ledger, clock });
  const ingest = new IngestService({ database, ledger, clock, sources, queries });
  return {
    test,
    clock,
    ledger,
    queries,
    sources,
    ingest,
    tenant: async (slug = `t-${randomUUID()}`) => {
      const tenantId = await test.tenant(slug);
      await database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
      return {
        tenantId,
        tenantSlug: slug,
        id: `svc:${randomUUID()}`,
        kind: 'service',
        displayName: 'Somebody',
        issuer: 'test',
        subject: 'somebody',
        tokenExpiresAt: new Date('2099-01-01T00:00:00Z'),
      };
    },
    entries: async (tenantId) => {
      const found: EntryRecord[] = [];
      for (;;) {
        const after = found.at(-1)?.sequence ?? -1n;
        const page = await database.read(tenantId, (tx) =>
          queries.range(tx, { after, limit: 500, evidence: true }),
        );
        if (page.length === 0) return found;
        found.push(...page);
      }
    },
    close: async () => {
      await sources.close();
      await ledger.close();
      await test.drop();
    },
  };
}
