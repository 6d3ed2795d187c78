import type { Database } from '@countersign/database';
import { IdentityQueries } from '@countersign/identity';
import { systemClock, type TenantId } from '@countersign/kernel';
import { LedgerQueries, type LedgerService } from '@countersign/ledger';
import { fileVault } from '@countersign/vault';
import { CommandFailure } from '../exit.js';
import { operatorLedger } from './operator-ledger.js';
import { installation, withDatabase, type Installation } from './runtime.js';

/** What commands that erase, or keep from erasing, work with. */
export interface ErasingRoom {
  readonly where: Installation;
  readonly database: Database;
  readonly tenantId: TenantId;
  readonly ledger: LedgerService;
  readonly queries: LedgerQueries;
  readonly clock: typeof systemClock;
}

/** Opens the ledger of a tenant for one command. */
export async function withLedger<Result>(
  slug: string,
  work: (room: ErasingRoom) => Promise<Result>,
): Promise<Result> {
  const where = await installation();
  return withDatabase(where, async (database) => {
    const tenant = await new IdentityQueries(database).tenantBySlug(slug);
    if (tenant === null) {
      throw new CommandFailure(`There is no tenant ${slug}.`, 'Give its slug, such as acme.');
    }
    const vault = fileVault(where.config);
    const ledger = await operatorLedger(database, vault, where.config);
    try {
      const queries = new LedgerQueries({ vault });
      return await work({
        where,
        database,
        tenantId: tenant.id,
        ledger,
        queries,
        clock: systemClock,
      });
    } finally {
      await ledger.close();
    }
  });
}
