import type { Database, SqlTx } from '@countersign/database';
import { asTenantId, isUuid, type Clock, type TenantId } from '@countersign/kernel';
import type { ResolvedSource, Source, SourceSecret } from './source.js';

export interface SourceDirectoryOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** How long a resolved source is believed; a secret that another process rotated counts that much later. Default 5,000. */
  readonly cacheTtlMs?: number;
  /** Default 10,000. */
  readonly cacheEntriesMax?: number;
}

interface Cached {
  readonly until: number;
  readonly resolved: Promise<ResolvedSource | null>;
}

/** Finds a source by id alone, as a delivery names it. A bounded cache keeps the database out of the hot path. */
export class SourceDirectory {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #entriesMax: number;
  readonly #cache = new Map<string, Cached>();

  constructor(options: SourceDirectoryOptions) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#ttlMs = options.cacheTtlMs ?? 5_000;
    this.#entriesMax = options.cacheEntriesMax ?? 10_000;
  }

  /** Null for an unknown id and for text that is no id. Waiting callers share one read. */
  async resolve(sourceId: string): Promise<ResolvedSource | null> {
    if (!isUuid(sourceId)) return null;
    const now = this.#clock.now().getTime();
    const cached = this.#cache.get(sourceId);
    if (cached !== undefined && now < cached.until) return cached.resolved;
    const resolved = this.#load(sourceId);
    this.#remember(sourceId, { until: now + this.#ttlMs, resolved });
    try {
      const found = await resolved;
      // Unknown ids are not kept: a stranger can make up any number of them.
      if (found === null) this.forget(sourceId);
      return found;
    } catch (error) {
      this.forget(sourceId);
      throw error;
    }
  }

  /** Makes the next resolve read again. */
  forget(sourceId: string): void {
    this.#cache.delete(sourceId);
  }

  #remember(sourceId: string, cached: Cached): void {
    this.#cache.delete(sourceId);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size >= this.#entriesMax && oldest.done !== true)
      this.#cache.delete(oldest.value);
    this.#cache.set(sourceId, cached);
  }

  async #load(sourceId: string): Promise<ResolvedSource | null> {
    const [route] = await this.#database.global((q) =>
      q.query<{ tenant_id: string }>(
        'SELECT tenant_id FROM source_route WHERE source_id = $1::uuid',
        [sourceId],
      ),
    );
    if (route === undefined) return null;
    return this.#database.read(asTenantId(route.tenant_id), async (tx) => {
      const [source] = await selectSources(tx, 'AND id = $2::uuid', [sourceId]);
      if (source === undefined) return null;
      const secrets = await tx.query<SourceSecret>(
        `SELECT secret AS key, retired_at AS "retiredAt" FROM source_secret
         WHERE tenant_id = $1::uuid AND source_id = $2::uuid ORDER BY created_at DESC, id LIMIT 20`,
        [tx.tenantId, sourceId],
      );
      return { source, secrets };
    });
  }
}

/** Sources of tx's tenant, by name; `where` continues the condition from $2 on. */
export async function selectSources(
  tx: SqlTx,
  where = '',
  values: readonly unknown[] = [],
): Promise<Source[]> {
  const rows = await tx.query<Source & { tenantId: TenantId }>(
    `SELECT tenant_id AS "tenantId", id, kind, name, base_url AS "baseUrl", topic, format,
            created_at AS "createdAt", last_delivery_at AS "lastDeliveryAt"
     FROM source WHERE tenant_id = $1::uuid ${where} ORDER BY kind, name`,
    [tx.tenantId, ...values],
  );
  return rows;
}
