import { AppError, isUuid, type TenantId } from '@countersign/kernel';
import type pg from 'pg';
import { copyRows } from './copy-rows.js';
import type { PrismaClient } from './generated/client.js';
import { connectionOfTransaction, createPool, type PoolSettings } from './pool.js';
import type { Queryable, SnapshotTx, SqlTx, Tx } from './tx.js';

/**
 * The one way to PostgreSQL. Every statement on a tenant's table runs in a transaction that named its tenant
 * first (`SET LOCAL app.tenant`), so row-level security answers for exactly that tenant.
 */
export class Database {
  readonly #pool: pg.Pool;
  /** Loaded with the first transaction that may use it: most of the command line never does, and it is half its memory. */
  #prisma: Promise<PrismaClient> | null = null;

  constructor(settings: PoolSettings) {
    this.#pool = createPool(settings);
  }

  /**
   * Runs `work` in one READ COMMITTED transaction of one tenant, with raw SQL and Prisma on one connection.
   * Commits when it resolves, rolls back when it rejects.
   */
  async transaction<Result>(
    tenantId: TenantId,
    work: (tx: Tx) => Promise<Result>,
  ): Promise<Result> {
    this.#prisma ??= this.#loadPrisma();
    const client = await this.#prisma;
    const slot: { client?: pg.PoolClient } = {};
    return connectionOfTransaction.run(slot, () =>
      client.$transaction(
        async (prisma) => {
          const { client: connection } = slot;
          if (connection === undefined) {
            throw new AppError('NO_CONNECTION', {
              publicMessage: 'The transaction has no connection.',
            });
          }
          await connection.query(setTenant(tenantId));
          return work({ ...queryable(connection), tenantId, prisma });
        },
        { maxWait: 10_000, timeout: 30_000 },
      ),
    );
  }

  /** The same without Prisma: less work per call, for hot paths, projectors and reads. */
  async sqlTransaction<Result>(
    tenantId: TenantId,
    work: (tx: SqlTx) => Promise<Result>,
    mode: 'read-write' | 'read-snapshot' = 'read-write',
  ): Promise<Result> {
    const begin =
      mode === 'read-snapshot' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN';
    return this.#withClient(async (client) => {
      await client.query(`${begin}; ${setTenant(tenantId)}`);
      return work({ ...queryable(client), tenantId });
    });
  }

  /** A read of one tenant at one snapshot. */
  async read<Result>(tenantId: TenantId, work: (tx: SqlTx) => Promise<Result>): Promise<Result> {
    return this.sqlTransaction(tenantId, work, 'read-snapshot');
  }

  /**
   * A read of one tenant at one snapshot that may stream. `snapshot` is the name that another connection's
   * `exportSnapshot` gave: both then see the same rows. Throws INVALID_SNAPSHOT for a name of another form.
   */
  async snapshot<Result>(
    tenantId: TenantId,
    work: (tx: SnapshotTx) => Promise<Result>,
    snapshot: string | null = null,
  ): Promise<Result> {
    if (snapshot !== null && !/^[0-9A-F]+-[0-9A-F]+-\d+$/.test(snapshot)) {
      throw new AppError('INVALID_SNAPSHOT', { publicMessage: 'Not the name of a snapshot.' });
    }
    const join = snapshot === null ? '' : `; SET TRANSACTION SNAPSHOT '${snapshot}'`;
    return this.#withClient(async (client) => {
      await client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY${join}; ${setTenant(tenantId)}`,
      );
      return work({
        ...queryable(client),
        tenantId,
        copyRows: (select, take) => copyRows(client, select, take),
        exportSnapshot: async () => {
          const { rows } = await client.query<{ name: string }>(
            'SELECT pg_export_snapshot() AS name',
          );
          return rows[0]?.name ?? '';
        },
      });
    });
  }

  /** Statements on tables that belong to no tenant (`tenant`, routing). A tenant's table raises here. */
  async global<Result>(work: (queryable: Queryable) => Promise<Result>): Promise<Result> {
    return this.#withClient(async (client) => {
      await client.query('BEGIN');
      return work(queryable(client));
    });
  }

  /** A connection of one's own, for the append path. The caller releases it. */
  async connect(): Promise<pg.PoolClient> {
    return this.#pool.connect();
  }

  async close(): Promise<void> {
    await (await this.#prisma)?.$disconnect();
    if (!this.#pool.ended) await this.#pool.end();
  }

  async #loadPrisma(): Promise<PrismaClient> {
    const [{ PrismaPg }, { PrismaClient }] = await Promise.all([
      import('@prisma/adapter-pg'),
      import('./generated/client.js'),
    ]);
    return new PrismaClient({ adapter: new PrismaPg(this.#pool, { disposeExternalPool: false }) });
  }

  async #withClient<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

/**
 * `SET LOCAL` as text, not `set_config()`: a distributed PostgreSQL sends only the former to its workers.
 * The id is checked here, since SET takes no parameters.
 */
export function setTenant(tenantId: TenantId): string {
  if (!isUuid(tenantId)) {
    throw new AppError('INVALID_TENANT_ID', {
      publicMessage: 'A tenant id must be a lower-case UUID.',
    });
  }
  return `SET LOCAL app.tenant = '${tenantId}'`;
}

function queryable(client: pg.PoolClient): Queryable {
  return {
    query: async <Row extends object>(
      text: string,
      values: readonly unknown[] = [],
      name?: string,
    ) => {
      const result = await client.query<Row>({ text, values: [...values], name });
      return result.rows;
    },
  };
}
