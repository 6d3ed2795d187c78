import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';

/**
 * The role that every connection of the service drops to, whatever login it came in with. It may INSERT and
 * SELECT on ledger tables and nothing more; row-level security applies to it.
 */
export const RUNTIME_ROLE = 'countersign_runtime';

/**
 * Startup options of each session. UTC because adapter-pg writes wrong timestamptz values under any other
 * zone; custom plans because a plan made on an empty table would seq-scan for ever; no JIT because compiling
 * takes longer than any of these short statements runs.
 */
const SESSION_OPTIONS = `-c role=${RUNTIME_ROLE} -c TimeZone=UTC -c plan_cache_mode=force_custom_plan -c jit=off`;

pg.types.setTypeParser(pg.types.builtins.INT8, (text) => BigInt(text));

export interface PoolSettings {
  readonly connectionString: string;
  /** Upper bound of connections of this pool. */
  readonly max: number;
  readonly applicationName?: string;
  /** Stay the login role instead of dropping to the runtime role. Migrations only. */
  readonly asOwner?: boolean;
}

/** A pool whose sessions run as the runtime role in UTC. int8 is read as bigint, bytea as Buffer. */
export function createPool(settings: PoolSettings): pg.Pool {
  const pool = new RecordingPool({
    connectionString: settings.connectionString,
    max: settings.max,
    application_name: settings.applicationName ?? 'countersign',
    options: settings.asOwner === true ? '-c TimeZone=UTC' : SESSION_OPTIONS,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  // The same for a connection that breaks while it is in use: whoever uses it gets the error as a rejection.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}

/** Where the connection that Prisma takes for an interactive transaction is noted. */
export const connectionOfTransaction = new AsyncLocalStorage<{ client?: pg.PoolClient }>();

/** Lets raw SQL and Prisma share one transaction: whoever opened it learns which connection it runs on. */
class RecordingPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void;
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | void {
    if (callback !== undefined) {
      super.connect(callback);
      return;
    }
    const slot = connectionOfTransaction.getStore();
    return super.connect().then((client) => {
      if (slot !== undefined && slot.client === undefined) slot.client = client;
      return client;
    });
  }
}
