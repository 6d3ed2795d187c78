import { PromotionQueries } from '@countersign/promotion';
import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller, type Edge } from '../runtime/caller.js';
import { AllowWithParent } from '../rules/allow.js';
import { textEdge } from './promotion.edges.js';
import { Vote } from './promotion.types.js';

@Resolver(() => Vote)
export class VoteResolver {
  private readonly texts: Edge<string, string | null>;

  constructor(queries: PromotionQueries) {
    this.texts = textEdge(queries);
  }

  @AllowWithParent()
  @ResolveField(() => String, {
    nullable: true,
    description: 'Null when none was given, or once erased.',
  })
  comment(@CurrentCaller() caller: Caller, @Parent() vote: Vote): Promise<string | null> {
    return caller.load(this.texts, vote.saidIn);
  }
}
