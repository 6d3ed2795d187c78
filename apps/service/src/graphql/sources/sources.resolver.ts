import { IngestService, QuarantineQueries, SourceService } from '@countersign/ingest';
import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { Allow, AllowCommand } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import { SourcesEdges } from './sources.edges.js';
import { CreateSourceInput } from './sources.input.js';
import {
  CreatedSource,
  QuarantinedDelivery,
  QuarantinedDeliveryConnection,
  Source,
} from './sources.types.js';
import { toQuarantined } from './to-quarantined.js';

@Resolver()
export class SourcesResolver {
  constructor(
    private readonly service: SourceService,
    private readonly ingest: IngestService,
    private readonly quarantined: QuarantineQueries,
    private readonly edges: SourcesEdges,
  ) {}

  @Allow('source.read', 'source')
  @Query(() => [Source], { description: 'Configured sources, by kind and name.' })
  async sources(@CurrentCaller() caller: Caller): Promise<Source[]> {
    const sources = await caller.read((tx) => this.service.list(tx));
    return sources.map((source) => this.edges.toSource(source));
  }

  @Allow('source.read', 'source')
  @Query(() => QuarantinedDeliveryConnection, {
    description: 'Deliveries that were kept without being understood, oldest first.',
  })
  async quarantine(
    @CurrentCaller() caller: Caller,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<QuarantinedDelivery>> {
    return toConnection(await caller.read((tx) => this.quarantined.page(tx, page)), toQuarantined);
  }

  @AllowCommand('source.manage', 'source')
  @Mutation(() => CreatedSource, { description: 'Makes a source.' })
  async createSource(
    @CurrentCaller() caller: Caller,
    @Args('input', { type: () => CreateSourceInput }) input: CreateSourceInput,
  ): Promise<CreatedSource> {
    const { source, secret } = await this.service.create(caller.principal, input);
    return { source: this.edges.toSource(source), secret };
  }

  @AllowCommand('source.manage', 'source')
  @Mutation(() => CreatedSource, {
    description: 'Adds a signing secret. Those before it count for a day more.',
  })
  async rotateSourceSecret(
    @CurrentCaller() caller: Caller,
    @Args('id', { type: () => ID }) id: string,
    @Args('secret', {
      type: () => String,
      nullable: true,
      description: 'Made for you when left out.',
    })
    secret: string | null,
  ): Promise<CreatedSource> {
    const rotated = await this.service.rotateSecret(caller.principal, id, { secret });
    return { source: this.edges.toSource(rotated.source), secret: rotated.secret };
  }

  @AllowCommand('quarantine.replay', 'source')
  @Mutation(() => QuarantinedDelivery, {
    description: 'Tries once more to understand a quarantined delivery.',
  })
  async replayQuarantined(
    @CurrentCaller() caller: Caller,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<QuarantinedDelivery> {
    return toQuarantined(await this.ingest.replayQuarantined(caller.principal, id));
  }
}
