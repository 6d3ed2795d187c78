import { RegistryQueries } from '@countersign/registry';
import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { AllowWithParent } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import { RegistryEdges } from './registry.edges.js';
import {
  Alias,
  ModelVersion,
  ModelVersionConnection,
  RegisteredModel,
  Tag,
} from './registry.types.js';
import { toVersion } from './to-registry.js';

@Resolver(() => RegisteredModel)
export class RegisteredModelResolver {
  constructor(
    private readonly registry: RegistryQueries,
    private readonly edges: RegistryEdges,
  ) {}

  @AllowWithParent()
  @ResolveField(() => [Tag], { description: 'In key order.' })
  tags(@CurrentCaller() caller: Caller, @Parent() model: RegisteredModel): Promise<Tag[]> {
    return caller.load(this.edges.tags, model.id);
  }

  @AllowWithParent()
  @ResolveField(() => [Alias], { description: 'In name order.' })
  aliases(@CurrentCaller() caller: Caller, @Parent() model: RegisteredModel): Promise<Alias[]> {
    return caller.load(this.edges.aliasesOfModel, model.id);
  }

  @AllowWithParent()
  @ResolveField(() => ModelVersionConnection, { description: 'In numeric order.' })
  async versions(
    @CurrentCaller() caller: Caller,
    @Parent() model: RegisteredModel,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<ModelVersion>> {
    const versions = await caller.read((tx) => this.registry.versions(tx, model.id, page));
    return toConnection(versions, toVersion);
  }
}
