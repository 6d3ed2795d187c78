import { IdentityQueries } from '@countersign/identity';
import { AppError } from '@countersign/kernel';
import { PolicyQueries } from '@countersign/policy';
import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { AllowWithParent } from '../rules/allow.js';
import { Principal, Tenant } from './access.types.js';

@Resolver(() => Principal)
export class PrincipalResolver {
  constructor(
    private readonly identity: IdentityQueries,
    private readonly policy: PolicyQueries,
  ) {}

  @AllowWithParent()
  @ResolveField(() => Tenant, { description: 'The tenant that the principal belongs to.' })
  async tenant(@CurrentCaller() caller: Caller): Promise<Tenant> {
    const tenant = await this.identity.tenantById(caller.principal.tenantId);
    if (tenant === null) {
      throw new AppError('INTERNAL', { publicMessage: 'The tenant of the principal is missing.' });
    }
    return { id: tenant.id, slug: tenant.slug, displayName: tenant.displayName };
  }

  @AllowWithParent()
  @ResolveField(() => [String], { description: 'Roles held now, inherited ones included.' })
  async roles(
    @CurrentCaller() caller: Caller,
    @Parent() principal: Principal,
  ): Promise<readonly string[]> {
    return caller.read((tx) => this.policy.rolesOf(tx, principal.id));
  }
}
