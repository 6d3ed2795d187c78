import { currentFreeze } from '@countersign/anchor';
import type { Config } from '@countersign/config';
import type { Database } from '@countersign/database';
import { systemClock } from '@countersign/kernel';
import { LedgerService } from '@countersign/ledger';
import type { Vault } from '@countersign/vault';

/** The ledger as a command appends to it: read-only as in every replica while the installation is frozen. */
export async function operatorLedger(
  database: Database,
  vault: Vault,
  { logName }: Pick<Config, 'logName'>,
): Promise<LedgerService> {
  const ledger = new LedgerService({
    ...{ database, vault, logName, clock: systemClock },
    connections: 1,
  });
  const freeze = await database.global((db) => currentFreeze(db));
  if (freeze !== null) ledger.setReadOnly({ code: freeze.code, reason: freeze.reason });
  return ledger;
}
