import { createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { explainConnectionFailure } from '@countersign/database';
import { IdentityQueries } from '@countersign/identity';
import { fileVault } from '@countersign/vault';
import { loadOrCreateSigningKey, verifyLive, type LiveVerdict } from '@countersign/ledger';
import { CommandFailure, EXIT, type ExitCode } from '../exit.js';
import type { Output } from '../output.js';
import { installation, withDatabase, type Installation } from './runtime.js';

/** Walks a tenant's ledger in its database: OK, or the first sequence and rule that do not hold. */
export async function verifyLiveLedger(
  request: { tenant: string; json: boolean },
  output: Output,
): Promise<ExitCode> {
  const where = await installation();
  const verdict = await verify(where, request.tenant, output);
  output.progress('');
  if (verdict.ok) {
    const root = Buffer.from(verdict.root).toString('hex');
    output.out(
      request.json
        ? JSON.stringify({ ok: true, size: verdict.size.toString(), rootHash: root })
        : `OK: ${verdict.size} entries, root ${root}`,
    );
    return EXIT.ok;
  }
  const { expected, rule, sequence } = verdict;
  output.out(
    request.json
      ? JSON.stringify({ ok: false, sequence: sequence.toString(), rule, expected })
      : `BAD: sequence ${sequence} breaks ${rule}: expected ${expected}`,
  );
  return EXIT.tampered;
}

async function verify(where: Installation, slug: string, output: Output): Promise<LiveVerdict> {
  const keyFile =
    where.config.signingKeyFile ?? join(where.config.dataDir, 'keys', 'checkpoint.key');
  // Never makes a key: a checkpoint has to be checked against the one that signed it.
  const publicKey = existsSync(keyFile)
    ? createPublicKey(await loadOrCreateSigningKey(keyFile))
    : undefined;
  if (publicKey === undefined) {
    output.err('No signing key here: the signature of the checkpoint is not looked at.');
  }
  try {
    return await withDatabase(where, async (database) => {
      const tenant = await new IdentityQueries(database).tenantBySlug(slug);
      if (tenant === null) {
        throw new CommandFailure(`There is no tenant ${slug}.`, 'Give its slug, such as acme.');
      }
      return verifyLive(database, tenant.id, {
        vault: fileVault(where.config),
        ...(publicKey === undefined ? {} : { publicKey }),
        onProgress: (done, size) => {
          output.progress(`verified ${done} of ${size}`);
        },
      });
    });
  } catch (error) {
    const failure = explainConnectionFailure(error);
    if (failure === null) throw error;
    throw new CommandFailure(failure.message, failure.hint);
  }
}
