export { explainConnectionFailure, type ConnectionFailure } from './connection-failure.js';
export type { CopyRow, CopyRowTaker } from './copy-rows.js';
export { Database, setTenant } from './database.js';
export { migrate, migrationNames, type MigrationReport } from './migrate.js';
export { pendingMigrations } from './pending-migrations.js';
export { RUNTIME_ROLE, type PoolSettings } from './pool.js';
export { vacuumTables } from './vacuum.js';
export type { Queryable, SnapshotTx, SqlTx, Tx } from './tx.js';
export type { PoolClient } from 'pg';
