import type { Database, SqlTx } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import { AppError, type Clock, type TenantId } from '@countersign/kernel';
import type { AppendResult } from './append/append-result.js';

export interface LedgerServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** First part of a new log's origin. Default `countersign.local`. */
  readonly logName?: string;
  /** Connections that the group commit may hold at once. Default 2. */
  readonly connections?: number;
  /** Drafts that may wait per tenant before append refuses with OVERLOADED. Default 20,000. */
  readonly queueLimit?: number;
}

export type AppendedListener = (tenantId: TenantId, size: bigint) => void;

/** Appends to tenants' ledgers. Any number of instances may append to one tenant. */
export class LedgerService {
  constructor(readonly options: LedgerServiceOptions) {}
  /** Opens the log of tx.tenantId with a random origin. Does nothing when it is open. */
  openLog(_tx: SqlTx): Promise<void> {
    return Promise.reject(building());
  }
  /** Joins the tenant's group commit. Durable when it resolves; one result per draft, in order. */
  append(_tenantId: TenantId, _drafts: readonly EntryDraft[]): Promise<AppendResult[]> {
    return Promise.reject(building());
  }
  /** Appends inside the caller's transaction, as its last statements: the head row stays locked until commit. */
  appendInTx(_tx: SqlTx, _drafts: readonly EntryDraft[]): Promise<AppendResult[]> {
    return Promise.reject(building());
  }
  /** A hint after commits of this process; returns the function that stops it. */
  onAppended(_listener: AppendedListener): () => void {
    return () => undefined;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function building(): AppError {
  return new AppError('UNAVAILABLE', { publicMessage: 'The ledger is being built.' });
}
