import type { EntryDraft } from '@countersign/events';
import { LedgerService } from '@countersign/ledger';
import { systemClock, type TenantId } from '@countersign/kernel';
import type { TenantSeal } from '@countersign/vault';
import type { TestDatabase } from '../support/database.js';
import { testVault } from '../support/vault.js';
import { callersAgainstLock } from './support/callers.js';
import { benchDrafts } from './support/drafts.js';
import { interleavedPairs, type Contestant, type PairResult } from './support/pairs.js';
import { withBenchDatabase } from './support/postgres.js';
import { createRawTables, insertRaw, sealDrafts, type SealedDraft } from './support/raw-insert.js';
import { printReport, type ReportLine } from './support/report.js';
import { sizeArgument } from './support/sizes.js';

// npm run bench append [rows=2000000] [pairs=5]: `rows` are in both tables before the batches at that size are measured.
const PAIRS = sizeArgument('pairs', 5);
const LARGE = sizeArgument('rows', 0);
/** Appends under way at once: one is written while the next is prepared. */
const IN_FLIGHT = 3;

/** The ledger and a raw table of one tenant, which grow together. */
class Race {
  #rawSize = 0n;

  private constructor(
    private readonly test: TestDatabase,
    private readonly ledger: LedgerService,
    private readonly tenantId: TenantId,
    private readonly seal: TenantSeal,
  ) {}

  static async open(test: TestDatabase, ledger: LedgerService, slug: string): Promise<Race> {
    const tenantId = await test.tenant(slug);
    await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
    return new Race(test, ledger, tenantId, await testVault().key(tenantId));
  }

  /** Puts so many rows into both, unmeasured. */
  async fill(rows: number): Promise<void> {
    for (let left = rows; left > 0; left -= 10_000) {
      for (const contestant of [this.#appended(1_000, 10), this.#inserted(1_000, 10)]) {
        await contestant.prepare?.();
        await contestant.work();
      }
    }
    await this.test.asOwner('ANALYZE');
  }

  /** Batches of a size against plain inserts of the same rows in statements of that size. */
  async batches(size: number, rows: number): Promise<PairResult> {
    const count = rows / size;
    return interleavedPairs(this.#appended(size, count), this.#inserted(size, count), PAIRS);
  }

  #appended(size: number, count: number): Contestant {
    let waiting: EntryDraft[][] = [];
    return {
      name: 'ledger',
      prepare: () => {
        waiting = Array.from({ length: count }, () => benchDrafts(size));
      },
      work: async () => {
        const caller = async (): Promise<void> => {
          for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
            await this.ledger.append(this.tenantId, next);
          }
        };
        await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
        return count * size;
      },
    };
  }

  #inserted(size: number, count: number): Contestant {
    let waiting: SealedDraft[][] = [];
    return {
      name: 'raw',
      prepare: () => {
        waiting = Array.from({ length: count }, () => sealDrafts(this.seal, benchDrafts(size)));
      },
      work: async () => {
        await insertRaw(this.test.database, this.tenantId, this.#rawSize, waiting);
        this.#rawSize += BigInt(count * size);
        return count * size;
      },
    };
  }
}

await withBenchDatabase(async (test) => {
  await createRawTables(test);
  const options = { vault: testVault(), database: test.database, clock: systemClock };
  const ledger = new LedgerService({ ...options, queueLimit: 40_000 });
  const lines: ReportLine[] = [];
  const race = await Race.open(test, ledger, 'batches');
  const add = async (what: string, goals: readonly [number, number]): Promise<void> => {
    const rows = 'rows/s';
    const [thousand, hundred] = goals;
    const big = await race.batches(1_000, 20_000);
    lines.push({ what: `batches of 1,000 ${what}`, unit: rows, goal: thousand, result: big });
    const small = await race.batches(100, 10_000);
    lines.push({ what: `batches of 100 ${what}`, unit: rows, goal: hundred, result: small });
  };
  await add('/ raw insert', [0.9, 0.8]);
  if (LARGE > 0) {
    await race.fill(LARGE);
    await add(`/ raw insert, ${LARGE.toLocaleString('en-US')} rows there`, [0.95, 0.95]);
  }
  lines.push(
    await callersAgainstLock(test, ledger, { callers: 256, tenants: 1, goal: 20, pairs: PAIRS }),
    await callersAgainstLock(test, ledger, { callers: 256, tenants: 1_000, goal: 8, pairs: PAIRS }),
  );
  await ledger.close();
  printReport('Append, median of interleaved pairs of one run', lines);
});
