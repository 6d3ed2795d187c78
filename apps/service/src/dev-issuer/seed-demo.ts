import type { IdentityService } from '@countersign/identity';
import { AppError, type TenantId } from '@countersign/kernel';
import type { PolicyService } from '@countersign/policy';
import { DEMO_PEOPLE, DEMO_TENANTS } from './people.js';
import { DEVELOPMENT_ISSUER_NAME } from './settings.js';

export interface SeedReport {
  readonly tenantsOpened: number;
  readonly rolesGranted: number;
}

/**
 * Opens the demo's tenants, registers its people and gives them their roles, through the same services as
 * everybody. A second time changes nothing; a role that was revoked since is not given back.
 */
export async function seedDemo(services: {
  readonly identity: IdentityService;
  readonly policy: PolicyService;
}): Promise<SeedReport> {
  const tenants = new Map<string, TenantId>();
  let tenantsOpened = 0;
  let rolesGranted = 0;
  for (const { slug, displayName } of DEMO_TENANTS) {
    const tenant = await services.identity.openTenant(slug, displayName);
    tenants.set(slug, tenant.id);
    if (tenant.created) tenantsOpened += 1;
  }
  for (const person of DEMO_PEOPLE) {
    const tenantId = tenants.get(person.tenant);
    if (tenantId === undefined) throw unknownTenant(person.id);
    const { id: subject } = await services.identity.registerPrincipal(tenantId, {
      kind: person.kind,
      issuer: DEVELOPMENT_ISSUER_NAME,
      subject: person.id,
      displayName: person.displayName,
      email: person.email,
    });
    const outcome = await services.policy.grantRoleAsSystem(tenantId, {
      subject,
      role: person.role,
      reason: 'Role of the demo',
    });
    if (outcome.kind === 'done') rolesGranted += 1;
  }
  return { tenantsOpened, rolesGranted };
}

function unknownTenant(person: string): AppError {
  return new AppError('INTERNAL', { publicMessage: `${person} belongs to no tenant of the demo.` });
}
