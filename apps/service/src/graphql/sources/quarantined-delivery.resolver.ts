import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { AllowWithParent } from '../rules/allow.js';
import { SourcesEdges } from './sources.edges.js';
import { QuarantinedDelivery, Source } from './sources.types.js';

@Resolver(() => QuarantinedDelivery)
export class QuarantinedDeliveryResolver {
  constructor(private readonly edges: SourcesEdges) {}

  @AllowWithParent()
  @ResolveField(() => Source, { description: 'The source that it came from.' })
  source(@CurrentCaller() caller: Caller, @Parent() one: QuarantinedDelivery): Promise<Source> {
    return caller.load(this.edges.source, one.sourceId);
  }

  @AllowWithParent()
  @ResolveField(() => String, {
    nullable: true,
    complexity: 5,
    description: 'As received, base64; null once erased.',
  })
  bytes(
    @CurrentCaller() caller: Caller,
    @Parent() one: QuarantinedDelivery,
  ): Promise<string | null> {
    return caller.load(this.edges.bytes, one.sequence);
  }
}
