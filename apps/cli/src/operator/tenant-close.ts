import { systemClock } from '@countersign/kernel';
import { closeTenant } from '@countersign/ledger';
import { fileVault } from '@countersign/vault';
import { CommandFailure, EXIT } from '../exit.js';
import { tenantOf } from '../export/run-export.js';
import type { Output } from '../output.js';
import { operatorLedger } from './operator-ledger.js';
import { installation, withDatabase } from './runtime.js';

export interface CloseTenantOptions {
  readonly tenant: string;
  readonly reason: string;
  /** The slug once more: what is destroyed does not come back. */
  readonly confirm: string;
}

/** Closes a tenant and destroys its data key. */
export async function closeTenantForEver(
  { confirm, reason, tenant: slug }: CloseTenantOptions,
  output: Output,
): Promise<void> {
  if (confirm !== slug) {
    throw new CommandFailure(
      'Nothing was done: --confirm does not repeat the tenant.',
      `Its contents would be lost for ever. Add --confirm ${slug} to go on.`,
      EXIT.usage,
    );
  }
  const where = await installation();
  await withDatabase(where, async (database) => {
    const tenantId = await tenantOf(database, slug);
    const vault = fileVault(where.config);
    const ledger = await operatorLedger(database, vault, where.config);
    try {
      const deps = { database, ledger, vault, clock: systemClock };
      const { closedNow, sequence } = await closeTenant(deps, tenantId, reason);
      output.out(
        `tenant ${slug} ${closedNow ? 'closed' : 'was closed already'}: its last entry is ${sequence}`,
      );
      output.out('Its data key is destroyed: contents are lost here and in every backup.');
      output.out('Headers, checkpoints and proofs stay and can still be verified.');
      output.err('Copies of TENANT_KEYS_DIR in backups still hold the wrapped key: delete them.');
    } finally {
      await ledger.close();
    }
  });
}
