import { subjects } from '@countersign/events';
import { LedgerQueries } from '@countersign/ledger';
import { LineageQueries, type Direction } from '@countersign/lineage';
import { RegistryQueries } from '@countersign/registry';
import { Args, Int, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Entry, EntryConnection } from '../ledger/ledger.types.js';
import { toEntry } from '../ledger/to-entry.js';
import { LineageGraph, LineageLeak } from '../lineage/lineage.types.js';
import { LINEAGE_COST, toGraph, toLeak } from '../lineage/to-lineage.js';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { Allow, AllowWithParent, type ObjectOf } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import { DirectionEnum } from '../schema/enums.js';
import { RegistryEdges } from './registry.edges.js';
import { ModelVersion, Placement, RegisteredModel, Tag } from './registry.types.js';

const ofVersion: ObjectOf = (_args, parent) => {
  const { modelName, version } = parent as ModelVersion;
  return subjects.modelVersion(modelName, version);
};

@Resolver(() => ModelVersion)
export class ModelVersionResolver {
  constructor(
    private readonly registry: RegistryQueries,
    private readonly ledger: LedgerQueries,
    private readonly lineageQueries: LineageQueries,
    private readonly edges: RegistryEdges,
  ) {}

  @AllowWithParent()
  @ResolveField(() => RegisteredModel, { description: 'The model that it is a version of.' })
  model(
    @CurrentCaller() caller: Caller,
    @Parent() version: ModelVersion,
  ): Promise<RegisteredModel> {
    return caller.load(this.edges.model, version.modelId);
  }

  @AllowWithParent()
  @ResolveField(() => [String], { description: 'Aliases that point at it, in order.' })
  aliases(@CurrentCaller() caller: Caller, @Parent() version: ModelVersion): Promise<string[]> {
    return caller.load(this.edges.aliasesOfVersion, version.id);
  }

  @AllowWithParent()
  @ResolveField(() => [Tag], { description: 'In key order.' })
  tags(@CurrentCaller() caller: Caller, @Parent() version: ModelVersion): Promise<Tag[]> {
    return caller.load(this.edges.tags, version.id);
  }

  @AllowWithParent()
  @ResolveField(() => [Placement], { description: 'Targets that it held or holds, oldest first.' })
  placements(
    @CurrentCaller() caller: Caller,
    @Parent() version: ModelVersion,
  ): Promise<Placement[]> {
    return caller.load(this.edges.placements, version.id);
  }

  @Allow('ledger.read', 'ledger')
  @ResolveField(() => EntryConnection, { description: 'What the ledger says about it.' })
  async history(
    @CurrentCaller() caller: Caller,
    @Parent() version: ModelVersion,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<Entry>> {
    const entries = await caller.read(async (tx) =>
      this.ledger.entries(
        tx,
        { subjects: await this.registry.historySubjects(tx, version.id) },
        page,
      ),
    );
    return toConnection(entries, toEntry);
  }

  @Allow('lineage.read', ofVersion)
  @ResolveField(() => LineageGraph, {
    complexity: LINEAGE_COST,
    description: 'What it was made from, or what was made from it. Empty while nothing is known.',
  })
  async lineage(
    @CurrentCaller() caller: Caller,
    @Parent() version: ModelVersion,
    @Args('direction', { type: () => DirectionEnum }) direction: Direction,
    @Args('budget', { type: () => Int, nullable: true }) budget: number | null,
  ): Promise<LineageGraph> {
    const ref = { source: version.source, model: version.modelName, version: version.version };
    const graph = await caller.read(async (tx) => {
      const node = await this.lineageQueries.modelVersionNode(tx, ref);
      return node === null
        ? { ...NOTHING, root: version.id, knownAtSequence: await this.ledger.size(tx) }
        : this.lineageQueries.lineage(tx, { root: node.id, direction, budget });
    });
    return toGraph(graph);
  }

  @Allow('lineage.read', ofVersion)
  @ResolveField(() => [LineageLeak], {
    complexity: LINEAGE_COST,
    description: 'Training data that descends from the evaluation data.',
  })
  async leaks(
    @CurrentCaller() caller: Caller,
    @Parent() version: ModelVersion,
  ): Promise<LineageLeak[]> {
    const ref = { source: version.source, model: version.modelName, version: version.version };
    return (await caller.read((tx) => this.lineageQueries.leaks(tx, ref))).map(toLeak);
  }
}

const NOTHING = { nodes: [], edges: [], truncated: false } as const;
