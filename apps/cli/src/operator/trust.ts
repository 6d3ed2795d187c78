import { readFile } from 'node:fs/promises';
import { formatTlogPolicy, NO_QUORUM, parseTlogPolicy, type TlogPolicy } from '@countersign/chain';
import type { Config } from '@countersign/config';
import { IdentityQueries } from '@countersign/identity';
import { HeadsQueries, LedgerQueries } from '@countersign/ledger';
import { fileVault } from '@countersign/vault';
import { CommandFailure } from '../exit.js';
import type { Output } from '../output.js';
import { signingKeys } from './key-file.js';
import { installation, withDatabase, type Installation } from './runtime.js';

/**
 * Prints what somebody pins to verify a tenant's ledger without trusting us again, as a C2SP tlog-policy file: the keys
 * of its log and of the log of heads (two each while a rotation overlaps), the witnesses and their quorum. With `vkey`
 * only the newest key of the tenant's log, for tools that take one key. Hand it over by another way than the ledger.
 */
export async function printTrust(
  options: { readonly tenant: string; readonly vkey?: boolean },
  output: Output,
): Promise<void> {
  const where = await installation();
  const keys = await signingKeys(where.config);
  const { heads, ledger } = await origins(where, options.tenant);
  const [newest, ...older] = keys.verifiers(ledger);
  if (options.vkey === true) {
    output.out(newest?.vkey ?? '');
    return;
  }
  if (heads === null) {
    output.err(
      'The log of heads is not open yet: its key is missing here. Start the service once.',
    );
  }
  const ofHeads = heads === null ? [] : keys.verifiers(heads);
  const logs = [...(newest === undefined ? [] : [newest]), ...older, ...ofHeads];
  const policy: TlogPolicy = {
    ...(await witnesses(where.config)),
    logs: logs.map(({ name, vkey }) => ({ origin: name, vkey })),
  };
  output.out(formatTlogPolicy(policy).trimEnd());
}

interface Origins {
  readonly ledger: string;
  readonly heads: string | null;
}

async function origins(where: Installation, slug: string): Promise<Origins> {
  return withDatabase(where, async (database) => {
    const tenant = await new IdentityQueries(database).tenantBySlug(slug);
    if (tenant === null) {
      throw new CommandFailure(`There is no tenant ${slug}.`, 'Give its slug, such as acme.');
    }
    const queries = new LedgerQueries({ vault: fileVault(where.config) });
    const log = await database.read(tenant.id, (tx) => queries.log(tx));
    if (log === null) {
      throw new CommandFailure(`The log of ${slug} is not open.`, 'Open the tenant.');
    }
    const heads = await database.global((db) => new HeadsQueries().current(db));
    return { ledger: log.origin, heads: heads?.origin ?? null };
  });
}

/** Witnesses, groups and quorum as the service is configured; none without WITNESS_POLICY_FILE. */
async function witnesses({ anchors }: Config): Promise<Omit<TlogPolicy, 'logs'>> {
  const file = anchors.witnessPolicyFile;
  if (file === null) return { witnesses: [], groups: [], quorum: NO_QUORUM };
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandFailure(`${file} cannot be read.`, String(error));
  });
  const parsed = parseTlogPolicy(text);
  if (parsed.ok) return parsed.policy;
  throw new CommandFailure(
    `${file}, line ${parsed.line}: ${parsed.detail}.`,
    'Write it as C2SP tlog-policy says: witness, group and quorum lines.',
  );
}
