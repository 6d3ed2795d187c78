import { AppError } from '@countersign/kernel';
import { isAction, PolicyQueries, PolicyService } from '@countersign/policy';
import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { AllowAuthenticated, AllowSelfOr, DecidedByCommand } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import { DecideInput, GrantRoleInput } from './access.input.js';
import {
  Decision,
  GrantResult,
  Principal,
  RoleGrant,
  RoleGrantConnection,
  type GrantRefused,
  type PolicyDenied,
} from './access.types.js';
import { toDecision, toGrant, toGrantResult } from './to-access.js';

const askedAbout = (args: Record<string, unknown>): string | null | undefined =>
  (args['input'] as DecideInput).subject;
const grantsOf = (args: Record<string, unknown>): string | null =>
  // Without a subject the list shows everybody's: not one's own.
  (args['subject'] as string | null | undefined) ?? '*';

@Resolver()
export class AccessResolver {
  constructor(
    private readonly policy: PolicyService,
    private readonly policyQueries: PolicyQueries,
  ) {}

  @AllowAuthenticated()
  @Query(() => Principal, { description: 'Who is asking.' })
  me(@CurrentCaller() caller: Caller): Principal {
    const { id, displayName } = caller.principal;
    return { id, displayName };
  }

  @AllowSelfOr('policy.read', 'policy', askedAbout)
  @Query(() => Decision, { description: 'May the subject do this to that, and why.' })
  async decide(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => DecideInput }) input: DecideInput,
  ): Promise<Decision> {
    if (!isAction(input.action)) throw unknownAction(input.action);
    const subject = input.subject ?? caller.principal.id;
    const request = { subject, action: input.action, object: input.object };
    return toDecision(await caller.read((tx) => this.policy.preview(tx, request)));
  }

  @AllowSelfOr('policy.read', 'policy', grantsOf)
  @Query(() => RoleGrantConnection, {
    description: 'Role grants, revoked ones too; of one subject or of everybody.',
  })
  async roleGrants(
    @CurrentCaller() caller: Caller,
    @Args('subject', { type: () => String, nullable: true }) subject: string | null,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<RoleGrant>> {
    const grants = await caller.read((tx) => this.policyQueries.roleGrants(tx, { subject }, page));
    return toConnection(grants, toGrant);
  }

  @DecidedByCommand('grant.manage')
  @Mutation(() => GrantResult, { description: 'Gives a role to a subject.' })
  async grantRole(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => GrantRoleInput }) input: GrantRoleInput,
  ): Promise<RoleGrant | PolicyDenied | GrantRefused> {
    return toGrantResult(await this.policy.grantRole(caller.principal, input));
  }

  @DecidedByCommand('grant.manage')
  @Mutation(() => GrantResult, { description: 'Takes a role back.' })
  async revokeRole(
    @CurrentCaller() caller: Caller,
    @Args('id', { type: () => ID }) id: string,
    @Args('reason', { type: () => String }) reason: string,
  ): Promise<RoleGrant | PolicyDenied | GrantRefused> {
    return toGrantResult(await this.policy.revokeRole(caller.principal, id, reason));
  }
}

function unknownAction(action: string): AppError {
  return new AppError('BAD_REQUEST', {
    publicMessage: `There is no action '${action.slice(0, 100)}'.`,
    hint: "Actions look like 'promotion.approve'; see the role catalogue in policies/.",
  });
}
