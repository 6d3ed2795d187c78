import { LineageQueries, type Direction, type LineageKind } from '@countersign/lineage';
import { Args, ID, Int, Query, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { Allow } from '../rules/allow.js';
import { ForwardPageArgs, toConnection, type Connection } from '../schema/connection.js';
import { DirectionEnum, LineageKindEnum } from '../schema/enums.js';
import { SequenceScalar } from '../schema/scalars.js';
import { LineageGraph, LineageNode, LineageNodeConnection } from './lineage.types.js';
import { LINEAGE_COST, toGraph, toNode } from './to-lineage.js';

@Resolver()
export class LineageResolver {
  constructor(private readonly lineage: LineageQueries) {}

  @Allow('lineage.read', 'lineage')
  @Query(() => LineageNodeConnection, { description: 'Nodes, to find where to begin.' })
  async lineageNodes(
    @CurrentCaller() caller: Caller,
    @Args('kind', { type: () => LineageKindEnum, nullable: true }) kind: LineageKind | null,
    @Args('text', { type: () => String, nullable: true }) text: string | null,
    @Args({ type: () => ForwardPageArgs }) page: ForwardPageArgs,
  ): Promise<Connection<LineageNode>> {
    const nodes = await caller.read((tx) => this.lineage.nodes(tx, { kind, text }, page));
    return toConnection(nodes, toNode);
  }

  @Allow('lineage.read', 'lineage')
  @Query(() => LineageGraph, {
    name: 'lineage',
    complexity: LINEAGE_COST,
    description: 'What a node was made from, or what was made from it.',
  })
  async graph(
    @CurrentCaller() caller: Caller,
    @Args('root', { type: () => ID }) root: string,
    @Args('direction', { type: () => DirectionEnum }) direction: Direction,
    @Args('budget', { type: () => Int, nullable: true }) budget: number | null,
    @Args('knownAtSequence', { type: () => SequenceScalar, nullable: true })
    knownAtSequence: bigint | null,
  ): Promise<LineageGraph> {
    const request = { root, direction, budget, knownAtSequence };
    return toGraph(await caller.read((tx) => this.lineage.lineage(tx, request)));
  }
}
