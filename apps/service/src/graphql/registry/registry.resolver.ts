import { RegistryQueries } from '@countersign/registry';
import { subjects } from '@countersign/events';
import { Args, Int, Query, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { Allow, type ObjectOf } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import { DateTimeScalar, SequenceScalar, TargetScalar } from '../schema/scalars.js';
import {
  ModelVersion,
  Placement,
  RegisteredModel,
  RegisteredModelConnection,
} from './registry.types.js';
import { toModel, toPlacement, toVersion } from './to-registry.js';

const namedModel: ObjectOf = (args) => subjects.model(String(args['name']));
const modelArgument: ObjectOf = (args) => subjects.model(String(args['model']));

@Resolver()
export class RegistryResolver {
  constructor(private readonly registry: RegistryQueries) {}

  @Allow('model.read', 'model')
  @Query(() => RegisteredModelConnection, {
    description: 'Models by name; with `name` those that contain it.',
  })
  async registeredModels(
    @CurrentCaller() caller: Caller,
    @Args('name', { type: () => String, nullable: true }) name: string | null,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<RegisteredModel>> {
    const models = await caller.read((tx) => this.registry.models(tx, { name }, page));
    return toConnection(models, toModel);
  }

  @Allow('model.read', namedModel)
  @Query(() => RegisteredModel, {
    nullable: true,
    description: 'One model, its newest incarnation by default; null when there is none.',
  })
  async registeredModel(
    @CurrentCaller() caller: Caller,
    @Args('name', { type: () => String }) name: string,
    @Args('source', { type: () => String, nullable: true }) source: string | null,
    @Args('incarnation', { type: () => Int, nullable: true }) incarnation: number | null,
  ): Promise<RegisteredModel | null> {
    const model = await caller.read((tx) => this.registry.model(tx, name, source, incarnation));
    return model === null ? null : toModel(model);
  }

  @Allow('model.read', modelArgument)
  @Query(() => ModelVersion, {
    nullable: true,
    description: 'A version of the newest incarnation; null when there is none.',
  })
  async modelVersion(
    @CurrentCaller() caller: Caller,
    @Args('model', { type: () => String }) model: string,
    @Args('version', { type: () => String }) version: string,
    @Args('source', { type: () => String, nullable: true }) source: string | null,
  ): Promise<ModelVersion | null> {
    const found = await caller.read((tx) => this.registry.version(tx, model, version, source));
    return found === null ? null : toVersion(found);
  }

  @Allow('model.read', modelArgument)
  @Query(() => [Placement], {
    description:
      'Which version held this target at that moment, as known at that point of the ledger (default: now, newest).',
  })
  async placements(
    @CurrentCaller() caller: Caller,
    @Args('model', { type: () => String }) model: string,
    @Args('target', { type: () => TargetScalar }) target: string,
    @Args('at', { type: () => DateTimeScalar, nullable: true }) at: Date | null,
    @Args('knownAtSequence', { type: () => SequenceScalar, nullable: true })
    knownAtSequence: bigint | null,
    @Args('source', { type: () => String, nullable: true }) source: string | null,
  ): Promise<Placement[]> {
    const query = { model, target, at, knownAtSequence, source };
    return (await caller.read((tx) => this.registry.placements(tx, query))).map(toPlacement);
  }
}
