import type { Database } from '@countersign/database';
import type { Clock } from '@countersign/kernel';
import type { LedgerService, SigningKeys } from '@countersign/ledger';

export interface RecoveryOptions {
  readonly database: Pick<Database, 'global' | 'sqlTransaction'>;
  /** Not read-only: of the process that recovers, which serves nobody. */
  readonly ledger: LedgerService;
  readonly keys: SigningKeys;
  readonly clock: Clock;
  readonly logName: string;
  /** Why the operator accepts the gap, and who that is: kept as personal values. */
  readonly reason: string;
  readonly operator: string;
}
