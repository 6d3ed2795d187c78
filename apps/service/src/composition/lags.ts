import type { Database } from '@countersign/database';
import { asTenantId } from '@countersign/kernel';
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
  ) {}

  async read(): Promise<Lag> {
    const projectors = new Map<string, number>();
    for (const name of this.projectors) projectors.set(name, await this.#behind(name));
    return { projectors, checkpoint: await this.#unsigned() };
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
}
