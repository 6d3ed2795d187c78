import { PromotionQueries } from '@countersign/promotion';
import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Entry } from '../ledger/ledger.types.js';
import { PromotionRequest } from '../promotion/promotion.types.js';
import { toRequest } from '../promotion/to-promotion.js';
import { Caller, CurrentCaller, type Edge } from '../runtime/caller.js';
import { Allow, AllowWithParent } from '../rules/allow.js';
import { RegistryEdges } from './registry.edges.js';
import { ModelVersion, Placement } from './registry.types.js';

@Resolver(() => Placement)
export class PlacementResolver {
  private readonly requestOf: Edge<bigint, PromotionRequest | null>;

  constructor(
    private readonly edges: RegistryEdges,
    promotion: PromotionQueries,
  ) {
    this.requestOf = {
      name: 'placement.promotionRequest',
      key: (sequence) => sequence.toString(),
      load: async (tx, sequences) => {
        const requests = await promotion.requestsByCause(tx, sequences);
        return sequences.map((sequence) => {
          const request = requests.get(sequence);
          return request === undefined ? null : toRequest(request);
        });
      },
    };
  }

  @AllowWithParent()
  @ResolveField(() => ModelVersion, { description: 'The version that held the target.' })
  modelVersion(
    @CurrentCaller() caller: Caller,
    @Parent() placement: Placement,
  ): Promise<ModelVersion> {
    return caller.load(this.edges.version, placement.modelVersionId);
  }

  @Allow('ledger.read', 'ledger')
  @ResolveField(() => Entry, { description: 'The entry that put it there.' })
  entry(@CurrentCaller() caller: Caller, @Parent() placement: Placement): Promise<Entry> {
    return caller.load(this.edges.entry, placement.sequence);
  }

  @Allow('promotion.read', 'request')
  @ResolveField(() => PromotionRequest, {
    nullable: true,
    description: 'The request that led to it; null when nobody asked.',
  })
  promotionRequest(
    @CurrentCaller() caller: Caller,
    @Parent() placement: Placement,
  ): Promise<PromotionRequest | null> {
    return caller.load(this.requestOf, placement.sequence);
  }
}
