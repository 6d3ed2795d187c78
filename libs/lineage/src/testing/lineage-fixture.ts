import type { EntryDraft } from '@countersign/events';
import { systemClock, type TenantId } from '@countersign/kernel';
import { LedgerQueries, LedgerService, type Projector } from '@countersign/ledger';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { LineageQueries } from '../reads/lineage.queries.js';
import type { SqlTx } from '@countersign/database';
import { testVault } from '../../../../test/support/vault.js';

const TABLES = [
  'lineage_node',
  'lineage_edge',
  'lineage_alias',
  'lineage_run',
  'lineage_output',
  'lineage_claim',
  'lineage_read',
  'lineage_tracking_run',
  'lineage_model_version',
  'lineage_interest',
];

/** For specs: a ledger with entries, and a lineage projection that is driven by hand. */
export class LineageFixture {
  readonly queries: LineageQueries;
  readonly #cursors = new Map<TenantId, bigint>();
  #tenants = 0;

  private constructor(
    readonly test: TestDatabase,
    readonly ledger: LedgerService,
    readonly entries: LedgerQueries,
  ) {
    this.queries = new LineageQueries({
      cursor: (tx) => Promise.resolve(this.#cursors.get(tx.tenantId) ?? -1n),
    });
  }

  static async open(): Promise<LineageFixture> {
    const test = await createTestDatabase();
    const ledger = new LedgerService({
      vault: testVault(),
      database: test.database,
      clock: systemClock,
    });
    return new LineageFixture(test, ledger, new LedgerQueries({ vault: testVault() }));
  }

  async end(): Promise<void> {
    await this.ledger.close();
    await this.test.drop();
  }

  /** A tenant whose ledger holds these entries, in this order. */
  async tenant(drafts: readonly EntryDraft[] = []): Promise<TenantId> {
    const tenantId = await this.test.tenant(`tenant-${++this.#tenants}`);
    await this.test.database.sqlTransaction(tenantId, (tx) => this.ledger.openLog(tx));
    await this.append(tenantId, drafts);
    return tenantId;
  }

  async append(tenantId: TenantId, drafts: readonly EntryDraft[]): Promise<void> {
    if (drafts.length > 0) await this.ledger.append(tenantId, drafts);
  }

  /** Projects the rest of the ledger in batches of these sizes, the last one repeated, each in a transaction. */
  async project(
    tenantId: TenantId,
    projector: Projector,
    sizes: readonly number[] = [1000],
  ): Promise<void> {
    for (let i = 0; ; i++) {
      const limit = sizes[Math.min(i, sizes.length - 1)] ?? 1000;
      const done = await this.test.database.sqlTransaction(tenantId, async (tx) => {
        const after = this.#cursors.get(tenantId) ?? -1n;
        const batch = await this.entries.range(tx, {
          after,
          limit,
          types: projector.types,
          evidence: true,
        });
        const last = batch.at(-1);
        if (last === undefined) return true;
        await projector.apply(tx, batch, null);
        this.#cursors.set(tenantId, last.sequence);
        return false;
      });
      if (done) return;
    }
  }

  async rebuild(
    tenantId: TenantId,
    projector: Projector,
    sizes?: readonly number[],
  ): Promise<void> {
    await this.test.database.sqlTransaction(tenantId, (tx) => projector.clear(tx));
    this.#cursors.delete(tenantId);
    await this.project(tenantId, projector, sizes);
  }

  async read<Result>(tenantId: TenantId, work: (tx: SqlTx) => Promise<Result>): Promise<Result> {
    return this.test.database.read(tenantId, work);
  }

  /** Every row of the projection, one text per table: equal when and only when all rows are. */
  async rows(tenantId: TenantId): Promise<Record<string, string[]>> {
    const found: Record<string, string[]> = {};
    for (const table of TABLES) {
      const rows = await this.test.asOwner<{ row: string }>(
        `SELECT to_jsonb(t)::text AS row FROM ${table} t WHERE tenant_id = $1 ORDER BY 1`,
        [tenantId],
      );
      found[table] = rows.map(({ row }) => row);
    }
    return found;
  }
}
