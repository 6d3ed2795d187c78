import { subjects } from '@countersign/events';
import { PromotionQueries, PromotionService, type PromotionState } from '@countersign/promotion';
import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { PolicyDenied } from '../access/access.types.js';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { Allow, DecidedByCommand } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import { PromotionStateEnum } from '../schema/enums.js';
import {
  CastVoteInput,
  GovernModelInput,
  PromotionCommandInput,
  RequestPromotionInput,
} from './promotion.input.js';
import {
  Drift,
  DriftConnection,
  GovernanceResult,
  PromotionRequest,
  PromotionRequestConnection,
  PromotionResult,
  type Governance,
  type PromotionRefused,
} from './promotion.types.js';
import { toDrift, toGovernanceResult, toPromotionResult, toRequest } from './to-promotion.js';

type Result = PromotionRequest | PolicyDenied | PromotionRefused;

@Resolver()
export class PromotionResolver {
  constructor(
    private readonly promotion: PromotionService,
    private readonly queries: PromotionQueries,
  ) {}

  @Allow('promotion.read', (args) => subjects.request(String(args['id'])))
  @Query(() => PromotionRequest, {
    nullable: true,
    description: 'One request; null when there is none.',
  })
  async promotionRequest(
    @CurrentCaller() caller: Caller,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<PromotionRequest | null> {
    const request = await caller.read((tx) => this.queries.request(tx, id));
    return request === null ? null : toRequest(request);
  }

  @Allow('promotion.read', 'request')
  @Query(() => PromotionRequestConnection, { description: 'Requests, newest first.' })
  async promotionRequests(
    @CurrentCaller() caller: Caller,
    @Args('states', { type: () => [PromotionStateEnum], nullable: true })
    states: PromotionState[] | null,
    @Args('model', { type: () => String, nullable: true }) model: string | null,
    @Args('awaitingMe', { type: () => Boolean, nullable: true }) awaitingMe: boolean | null,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<PromotionRequest>> {
    const filter = { states, model, awaiting: awaitingMe === true ? caller.principal.id : null };
    return toConnection(
      await caller.read((tx) => this.queries.requests(tx, filter, page)),
      toRequest,
    );
  }

  @Allow('promotion.read', 'request')
  @Query(() => DriftConnection, {
    description: 'Governed targets that are not where their last approval put them, newest first.',
  })
  async drifts(
    @CurrentCaller() caller: Caller,
    @Args('model', { type: () => String, nullable: true }) model: string | null,
    @Args('open', {
      type: () => Boolean,
      nullable: true,
      description: 'True: only those not put right yet.',
    })
    open: boolean | null,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<Drift>> {
    const filter = { model, open };
    return toConnection(await caller.read((tx) => this.queries.drifts(tx, filter, page)), toDrift);
  }

  @DecidedByCommand('promotion.request')
  @Mutation(() => PromotionResult, { description: 'Asks to put a version into a target.' })
  async requestPromotion(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => RequestPromotionInput }) input: RequestPromotionInput,
  ): Promise<Result> {
    return toPromotionResult(await this.promotion.request(caller.principal, input));
  }

  @DecidedByCommand('promotion.approve')
  @Mutation(() => PromotionResult, { description: 'Votes on a request.' })
  async castVote(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => CastVoteInput }) input: CastVoteInput,
  ): Promise<Result> {
    return toPromotionResult(await this.promotion.castVote(caller.principal, input));
  }

  @DecidedByCommand('promotion.approve')
  @Mutation(() => PromotionResult, { description: 'Takes the caller’s own vote back.' })
  async revokeVote(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => PromotionCommandInput }) input: PromotionCommandInput,
  ): Promise<Result> {
    return toPromotionResult(await this.promotion.revokeVote(caller.principal, input));
  }

  @DecidedByCommand('promotion.request')
  @Mutation(() => PromotionResult, { description: 'Takes a request back.' })
  async withdrawPromotion(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => PromotionCommandInput }) input: PromotionCommandInput,
  ): Promise<Result> {
    return toPromotionResult(await this.promotion.withdraw(caller.principal, input));
  }

  @DecidedByCommand('promotion.execute')
  @Mutation(() => PromotionResult, {
    description: 'Makes an approved change on the registry, or waits to see it made.',
  })
  async executePromotion(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => PromotionCommandInput }) input: PromotionCommandInput,
  ): Promise<Result> {
    return toPromotionResult(await this.promotion.execute(caller.principal, input));
  }

  @DecidedByCommand('policy.approve')
  @Mutation(() => GovernanceResult, {
    description:
      'Puts a model under a promotion policy. What was set before is history, not drift.',
  })
  async governModel(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => GovernModelInput }) input: GovernModelInput,
  ): Promise<Governance | PolicyDenied | PromotionRefused> {
    return toGovernanceResult(await this.promotion.governModel(caller.principal, input));
  }
}
