import type { Database } from '@countersign/database';
import type { LedgerQueries, LedgerService } from '@countersign/ledger';
import type { Clock, TenantId } from '@countersign/kernel';
import type { RegistryReader } from './registry-reader.js';

export interface ReadBackWorkerOptions {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly queries: LedgerQueries;
  readonly reader: RegistryReader;
  readonly clock: Clock;
  /** Tries before the source is recorded as unreachable. Default 8. */
  readonly triesMax?: number;
  /** Wait after the first failed try, doubled after each further one. Default 1,000. */
  readonly backOffMs?: number;
  /** Default 60,000. */
  readonly backOffMaxMs?: number;
}

/** Reads versions and their runs back from their registry and records what it saw. */
export class ReadBackWorker {
  constructor(readonly options: ReadBackWorkerOptions) {}
  /** Takes up the jobs of a tenant that are due; returns how many were taken. */
  runOnce(_tenantId: TenantId): Promise<number> {
    return Promise.resolve(0);
  }
}
