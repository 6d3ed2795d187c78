import type { Database, SqlTx } from '@countersign/database';
import { AppError, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerService } from '../ledger-service.js';
import type { LedgerQueries } from '../reads/ledger-queries.js';
import type { Projector } from './projector.js';

export interface ProjectionFailure {
  readonly tenantId: TenantId;
  readonly projector: string;
  readonly error: unknown;
  /** Consecutive failures of this projector for this tenant. */
  readonly attempt: number;
}

export interface ProjectionRunnerOptions {
  readonly database: Database;
  readonly queries: LedgerQueries;
  readonly ledger: LedgerService;
  readonly projectors: readonly Projector[];
  readonly clock: Clock;
  readonly tenants: () => Promise<readonly TenantId[]>;
  readonly onFailure?: (failure: ProjectionFailure) => void;
}

/** Drives projectors over every tenant's ledger. */
export class ProjectionRunner {
  constructor(readonly options: ProjectionRunnerOptions) {}
  start(): void {
    throw building();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
  /** Resolves when every projector has seen every entry that was committed before the call. */
  catchUp(_tenantId: TenantId): Promise<void> {
    return Promise.reject(building());
  }
  /** Clears one projection and replays it; readers keep seeing the old rows until the new ones are complete. */
  rebuild(_tenantId: TenantId, _name: string): Promise<void> {
    return Promise.reject(building());
  }
  /** Sequence of the last entry that this projector has seen; -1n before the first. */
  cursor(_tx: SqlTx, _name: string): Promise<bigint> {
    return Promise.reject(building());
  }
}

function building(): AppError {
  return new AppError('UNAVAILABLE', { publicMessage: 'The ledger is being built.' });
}
