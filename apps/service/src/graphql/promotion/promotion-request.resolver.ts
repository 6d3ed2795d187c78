import { subjects } from '@countersign/events';
import { LedgerQueries } from '@countersign/ledger';
import { PromotionQueries } from '@countersign/promotion';
import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Entry, EntryConnection } from '../ledger/ledger.types.js';
import { toEntry } from '../ledger/to-entry.js';
import { RegistryEdges } from '../registry/registry.edges.js';
import { ModelVersion } from '../registry/registry.types.js';
import { Caller, CurrentCaller, type Edge } from '../runtime/caller.js';
import { Allow, AllowWithParent } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import {
  Eligibility,
  GateResult,
  Permit,
  PromotionRequest,
  Requirement,
} from './promotion.types.js';
import { textEdge } from './promotion.edges.js';
import { toPermit } from './to-promotion.js';

@Resolver(() => PromotionRequest)
export class PromotionRequestResolver {
  private readonly texts: Edge<string, string | null>;

  constructor(
    private readonly queries: PromotionQueries,
    private readonly ledger: LedgerQueries,
    private readonly edges: RegistryEdges,
  ) {
    this.texts = textEdge(queries);
  }

  @AllowWithParent()
  @ResolveField(() => String, {
    nullable: true,
    description: 'Why; null when not said, or once erased.',
  })
  reason(
    @CurrentCaller() caller: Caller,
    @Parent() { record }: PromotionRequest,
  ): Promise<string | null> {
    return caller.load(this.texts, record.saidIn);
  }

  @AllowWithParent()
  @ResolveField(() => ModelVersion, { description: 'The version that shall move.' })
  modelVersion(
    @CurrentCaller() caller: Caller,
    @Parent() { record }: PromotionRequest,
  ): Promise<ModelVersion> {
    return caller.load(this.edges.version, record.modelVersionId);
  }

  @AllowWithParent()
  @ResolveField(() => [Requirement], { complexity: 10, description: 'What is still missing.' })
  async requirements(
    @CurrentCaller() caller: Caller,
    @Parent() { record }: PromotionRequest,
  ): Promise<readonly Requirement[]> {
    return caller.read((tx) => this.queries.requirements(tx, record));
  }

  @AllowWithParent()
  @ResolveField(() => [GateResult], { complexity: 10, description: 'Checks by machine.' })
  async gates(
    @CurrentCaller() caller: Caller,
    @Parent() { record }: PromotionRequest,
  ): Promise<readonly GateResult[]> {
    return caller.read((tx) => this.queries.gates(tx, record));
  }

  @AllowWithParent()
  @ResolveField(() => Eligibility, {
    complexity: 10,
    description: 'Which of the caller’s roles could vote now, or why not.',
  })
  async eligibility(
    @CurrentCaller() caller: Caller,
    @Parent() { record }: PromotionRequest,
  ): Promise<Eligibility> {
    const { canVote, roles, reasons } = await caller.read((tx) =>
      this.queries.eligibility(tx, record, caller.principal),
    );
    return { canVote, roles: [...roles], reasons: [...reasons] };
  }

  @Allow('promotion.execute', (_args, parent) => subjects.request((parent as PromotionRequest).id))
  @ResolveField(() => Permit, {
    nullable: true,
    description: 'The newest permit; null before approval. For those who may execute.',
  })
  async permit(
    @CurrentCaller() caller: Caller,
    @Parent() { record }: PromotionRequest,
  ): Promise<Permit | null> {
    const permit = await caller.read((tx) => this.queries.permit(tx, record.id));
    return permit === null ? null : toPermit(permit);
  }

  @Allow('ledger.read', 'ledger')
  @ResolveField(() => EntryConnection, { description: 'What the ledger says about the request.' })
  async entries(
    @CurrentCaller() caller: Caller,
    @Parent() { record }: PromotionRequest,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<Entry>> {
    const filter = { subject: subjects.request(record.id) };
    return toConnection(await caller.read((tx) => this.ledger.entries(tx, filter, page)), toEntry);
  }
}
