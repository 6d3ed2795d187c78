import { IdentityService } from '@countersign/identity';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import { AllowCommand } from '../rules/allow.js';
import { OpenTenantInput } from './access.input.js';
import { Tenant } from './access.types.js';

@Resolver()
export class TenantResolver {
  constructor(private readonly identity: IdentityService) {}

  @AllowCommand('tenant.open', 'tenant')
  @Mutation(() => Tenant, {
    description: 'Opens a tenant with an empty ledger. For operators of the installation.',
  })
  async openTenant(
    @Args('input', { type: () => OpenTenantInput }) input: OpenTenantInput,
  ): Promise<Tenant> {
    const { id, slug, displayName } = await this.identity.openTenant(input.slug, input.displayName);
    return { id, slug, displayName };
  }
}
