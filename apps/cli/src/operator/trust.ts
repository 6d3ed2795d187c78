import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { noteSigner } from '@countersign/chain';
import { IdentityQueries } from '@countersign/identity';
import { LedgerQueries, loadOrCreateSigningKey } from '@countersign/ledger';
import { CommandFailure } from '../exit.js';
import type { Output } from '../output.js';
import { installation, withDatabase } from './runtime.js';

/**
 * Prints what somebody pins to verify a tenant's checkpoints without trusting us again: the log's verifier key, as the
 * `log` line of a C2SP tlog-policy file. Hand it over by another way than the ledger itself.
 */
export async function printTrust(slug: string, output: Output): Promise<void> {
  const where = await installation();
  const file = where.config.signingKeyFile ?? join(where.config.dataDir, 'keys', 'checkpoint.key');
  if (!existsSync(file)) {
    throw new CommandFailure(
      `There is no signing key at ${file}.`,
      'Run this where the service signs, or set SIGNING_KEY_FILE.',
    );
  }
  const origin = await withDatabase(where, async (database) => {
    const tenant = await new IdentityQueries(database).tenantBySlug(slug);
    if (tenant === null) {
      throw new CommandFailure(`There is no tenant ${slug}.`, 'Give its slug, such as acme.');
    }
    const log = await database.read(tenant.id, (tx) => new LedgerQueries().log(tx));
    if (log === null)
      throw new CommandFailure(`The log of ${slug} is not open.`, 'Open the tenant.');
    return log.origin;
  });
  output.out(`log ${noteSigner(origin, await loadOrCreateSigningKey(file)).verifier.vkey}`);
}
