import { join } from 'node:path';
import { loadConfig, projectRoot } from '@countersign/config';
import type { Database } from '@countersign/database';
import { IdentityService, TokenVerifier } from '@countersign/identity';
import { systemClock } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import { loadPolicyFiles, PolicyService } from '@countersign/policy';
import { fileVault } from '@countersign/vault';
import { CommandFailure, EXIT } from '../exit.js';
import type { Output } from '../output.js';
import { operatorLedger } from './operator-ledger.js';
import { installation, withDatabase } from './runtime.js';

export interface OpenTenantOptions {
  readonly name?: string;
  /** `<issuer name>:<subject>` of the first tenant-admin. */
  readonly admin: string;
}

/**
 * Opens a tenant in the database and makes somebody its first tenant-admin; both are entries of the new ledger. A
 * second time changes nothing: a tenant that is open stays, a role that was revoked is not given back.
 */
export async function openTenant(
  slug: string,
  options: OpenTenantOptions,
  output: Output,
): Promise<void> {
  const { issuer, subject } = parseAdmin(options.admin);
  await withDatabase(await installation(), async (database) => {
    const { identity, ledger, policy } = await services(database);
    try {
      const tenant = await identity.openTenant(slug, options.name ?? slug);
      output.out(`tenant ${slug} ${tenant.created ? 'opened' : 'was open already'}: ${tenant.id}`);
      const principal = await identity.registerPrincipal(tenant.id, {
        kind: 'user',
        issuer,
        subject,
        displayName: subject,
        email: null,
      });
      const outcome = await policy.grantRoleAsSystem(tenant.id, {
        subject: principal.id,
        role: 'tenant-admin',
        reason: 'First admin of the tenant',
      });
      output.out(
        outcome.kind === 'done'
          ? `${options.admin} is tenant-admin, as ${principal.id}`
          : `${options.admin} was left as is${outcome.kind === 'refused' ? `: ${outcome.message}` : '.'}`,
      );
    } finally {
      await ledger.close();
    }
  });
}

function parseAdmin(text: string): { issuer: string; subject: string } {
  const at = text.lastIndexOf(':');
  const [issuer, subject] = [text.slice(0, at), text.slice(at + 1)];
  const { issuers } = loadConfig();
  if (
    at <= 0 ||
    subject === '' ||
    (issuers.length > 0 && !issuers.some((i) => i.name === issuer))
  ) {
    throw new CommandFailure(
      `--admin ${text} does not name an issuer and a subject.`,
      `Give <issuer>:<subject>; the issuer is the name in OIDC_ISSUERS${issuers.length > 0 ? ` (${issuers.map((i) => i.name).join(', ')})` : ''}, the subject the value of its subject claim.`,
      EXIT.usage,
    );
  }
  return { issuer, subject };
}

async function services(database: Database): Promise<{
  identity: IdentityService;
  ledger: LedgerService;
  policy: PolicyService;
}> {
  const config = loadConfig();
  const { issuers } = config;
  const vault = fileVault(config);
  const ledger = await operatorLedger(database, vault, config);
  const files = loadPolicyFiles(join(projectRoot(), 'policies'));
  const policy = new PolicyService({ database, ledger, clock: systemClock, files });
  const identity = new IdentityService({
    database,
    ledger,
    clock: systemClock,
    vault,
    verifier: new TokenVerifier({ issuers, clock: systemClock }),
    openPolicy: (tx) => policy.openPolicy(tx),
  });
  return { identity, ledger, policy };
}
