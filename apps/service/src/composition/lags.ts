import type { Database } from '@countersign/database';
import { asTenantId, type Clock } from '@countersign/kernel';
import { readCursor } from '@countersign/ledger';
import type { Lag } from './metrics.js';

/** Tenants that a figure looks at; beyond that it is a lower bound. */
const TENANTS_MAX = 200;

interface BehindRow {
  readonly tenant_id: string;
  readonly size: bigint;
}

/** How far projectors and checkpoints are behind, for figures. Nothing is read of tenants that are up to date. */
export class Lags {
  constructor(
    private readonly database: Database,
    private readonly projectors: readonly string[],
    private readonly clock: Clock,
  ) {}

  async read(): Promise<Lag> {
    const projectors = new Map<string, number>();
    for (const name of this.projectors) projectors.set(name, await this.#behind(name));
    return {
      projectors,
      checkpoint: await this.#unsigned(),
      checkpointSeconds: this.#since(await this.#oldestUnsigned()),
      headsSeconds: this.#since(await this.#oldestWithoutHead()),
    };
  }

  async #behind(name: string): Promise<number> {
    const rows = await this.database.global((db) =>
      db.query<BehindRow>('SELECT tenant_id, size FROM projection_behind($1::text[]) LIMIT $2', [
        [name],
        TENANTS_MAX,
      ]),
    );
    let entries = 0n;
    for (const { size, tenant_id } of rows) {
      const cursor = await this.database.read(asTenantId(tenant_id), (tx) => readCursor(tx, name));
      entries += size - 1n - cursor;
    }
    return Number(entries);
  }

  async #unsigned(): Promise<number> {
    const [row] = await this.database.global((db) =>
      db.query<{ entries: bigint }>(
        'SELECT coalesce(sum(size - checkpointed), 0)::bigint AS entries FROM ledger_unsigned()',
      ),
    );
    return Number(row?.entries ?? 0n);
  }

  /** When the oldest entry that no checkpoint covers was recorded. */
  async #oldestUnsigned(): Promise<Date | null> {
    const rows = await this.database.global((db) =>
      db.query<{ tenant_id: string; checkpointed: bigint }>(
        'SELECT tenant_id, checkpointed FROM ledger_unsigned() LIMIT $1',
        [TENANTS_MAX],
      ),
    );
    let oldest: Date | null = null;
    for (const { checkpointed, tenant_id } of rows) {
      const [entry] = await this.database.read(asTenantId(tenant_id), (tx) =>
        tx.query<{ recorded_at: Date }>(
          'SELECT recorded_at FROM ledger_entry WHERE tenant_id = $1::uuid AND seq = $2::bigint',
          [tx.tenantId, checkpointed],
        ),
      );
      if (entry !== undefined && (oldest === null || entry.recorded_at < oldest)) {
        oldest = entry.recorded_at;
      }
    }
    return oldest;
  }

  /** When the oldest opening or checkpoint of which the log of heads does not know yet was made. */
  async #oldestWithoutHead(): Promise<Date | null> {
    const [row] = await this.database.global((db) =>
      db.query<{ since: Date | null }>(
        `SELECT min(waiting_since) AS since FROM heads_due((
           SELECT g.log_id FROM heads_log g
           WHERE NOT EXISTS (SELECT FROM heads_log s WHERE s.predecessor = g.log_id)
         ))`,
      ),
    );
    return row?.since ?? null;
  }

  #since(moment: Date | null): number {
    return moment === null ? 0 : Math.max(0, this.clock.now().getTime() - moment.getTime()) / 1000;
  }
}
