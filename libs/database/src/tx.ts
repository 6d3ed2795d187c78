import type { TenantId } from '@countersign/kernel';
import type { CopyRowTaker } from './copy-rows.js';
import type { Prisma } from './generated/client.js';

/** Anything that runs SQL with $1 parameters. int8 arrives as bigint, bytea as Buffer, timestamptz as Date. */
export interface Queryable {
  /**
   * `name`: for a hot statement whose text never varies. It is then parsed and planned once per connection, under that
   * name; without one, at each call.
   */
  query<Row extends object>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Row[]>;
}

/** One open transaction of one tenant, raw SQL only. A function that takes it never opens another. */
export interface SqlTx extends Queryable {
  readonly tenantId: TenantId;
}

/** One open transaction of one tenant, raw SQL and Prisma's typed models on the same connection. */
export interface Tx extends SqlTx {
  readonly prisma: Prisma.TransactionClient;
}

/** One open read-only transaction at one snapshot of one tenant, which can stream. */
export interface SnapshotTx extends SqlTx {
  /**
   * Streams the rows of a SELECT in binary; see `CopyRowTaker` for what may be done with them. The text holds no
   * parameters: put in only ids and numbers that were checked. Resolves with the number of rows.
   */
  copyRows(select: string, take: CopyRowTaker): Promise<number>;
  /** A name for this snapshot, good while this transaction is open. */
  exportSnapshot(): Promise<string>;
}
