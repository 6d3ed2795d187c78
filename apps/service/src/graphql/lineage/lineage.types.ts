import type { JsonObject } from '@countersign/kernel';
import { Field, ID, ObjectType } from '@nestjs/graphql';
import { InheritAccess } from '../rules/allow.js';
import { connectionType } from '../schema/connection.js';
import { BindingQualityEnum, LineageKindEnum } from '../schema/enums.js';
import { JsonScalar, SequenceScalar } from '../schema/scalars.js';

@InheritAccess()
@ObjectType({ description: 'Something that data or models flow through.' })
export class LineageNode {
  @Field(() => ID, { description: 'Identity of the node.' })
  id!: string;

  @Field(() => LineageKindEnum, { description: 'What it is.' })
  kind!: string;

  @Field(() => String, { description: 'Where the name is unique, as OpenLineage names it.' })
  namespace!: string;

  @Field(() => String, { description: 'Name in the namespace.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'Version, snapshot or run.' })
  version!: string | null;

  @Field(() => JsonScalar, { description: 'What else is known about it.' })
  attributes!: JsonObject;

  @Field(() => SequenceScalar, { description: 'The entry that first spoke of it.' })
  firstSequence!: bigint;
}

@InheritAccess()
@ObjectType({ description: 'A flow from one node into another.' })
export class LineageEdge {
  @Field(() => ID, { description: 'What was read or used.' })
  from!: string;

  @Field(() => ID, { description: 'What was made from it.' })
  to!: string;

  @Field(() => String, { description: 'READ, WROTE, CONTINUES, PRODUCED or DERIVED.' })
  kind!: string;

  @Field(() => String, { nullable: true, description: "Such as 'training' or 'evaluation'." })
  role!: string | null;

  @Field(() => BindingQualityEnum, { description: 'How sure the version at its ends is.' })
  binding!: string;

  @Field(() => SequenceScalar, { description: 'The entry that told of it.' })
  sequence!: bigint;
}

@InheritAccess()
@ObjectType({ description: 'What is upstream or downstream of a node.' })
export class LineageGraph {
  @Field(() => ID, { description: 'Where the walk began.' })
  root!: string;

  @Field(() => [LineageNode], { description: 'Nearest first, the root included.' })
  nodes!: LineageNode[];

  @Field(() => [LineageEdge], { description: 'Only between the nodes shown.' })
  edges!: LineageEdge[];

  @Field(() => Boolean, { description: 'True when the budget ended the walk: there is more.' })
  truncated!: boolean;

  @Field(() => SequenceScalar, { description: 'What was known up to this entry.' })
  knownAtSequence!: bigint;
}

@InheritAccess()
@ObjectType({ description: 'Training data of a version that descends from its evaluation data.' })
export class LineageLeak {
  @Field(() => LineageNode, { description: 'Data that the version was evaluated on.' })
  evaluation!: LineageNode;

  @Field(() => LineageNode, { description: 'Data that it was trained on.' })
  training!: LineageNode;

  @Field(() => [LineageNode], { description: 'How the one became the other.' })
  path!: LineageNode[];

  @Field(() => String, { description: "'definite', or 'possible' when a binding is weak." })
  certainty!: string;
}

export const LineageNodeConnection = connectionType('LineageNode', () => LineageNode);
