import type { Page } from '@countersign/kernel';
import type { Type } from '@nestjs/common';
import { ArgsType, Field, Int, ObjectType } from '@nestjs/graphql';
import { InheritAccess } from '../rules/allow.js';

@InheritAccess()
@ObjectType({ description: 'Where a page lies in its list (Relay).' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Rows follow after this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Rows stand before this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first row; null when empty.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last row; null when empty.' })
  endCursor!: string | null;
}

export interface Edge<Node> {
  cursor: string;
  node: Node;
}

export interface Connection<Node> {
  edges: Edge<Node>[];
  nodes: Node[];
  pageInfo: PageInfo;
}

/** Declares `<name>Edge` and `<name>Connection` for a node type. Call once per node type. */
export function connectionType<Node extends object>(
  name: string,
  nodeType: () => Type<Node>,
): Type<Connection<Node>> {
  @InheritAccess()
  @ObjectType(`${name}Edge`, { description: `A ${name} and its place in the list.` })
  class EdgeType implements Edge<Node> {
    @Field(() => String, { description: 'Opaque position of this row, for after and before.' })
    cursor!: string;

    @Field(nodeType, { description: 'The row.' })
    node!: Node;
  }

  @InheritAccess()
  @ObjectType(`${name}Connection`, { description: `A page of ${name} rows.` })
  class ConnectionType implements Connection<Node> {
    @Field(() => [EdgeType], { description: 'Rows with their cursors.' })
    edges!: Edge<Node>[];

    @Field(() => [nodeType()], { description: 'The same rows without cursors.' })
    nodes!: Node[];

    @Field(() => PageInfo, { description: 'Where this page lies.' })
    pageInfo!: PageInfo;
  }
  return ConnectionType;
}

/** Arguments of a list that is read forward. */
@ArgsType()
export class ForwardPageArgs {
  @Field(() => Int, { nullable: true, description: 'Rows to return, 1 to 100; 50 by default.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Start after this cursor.' })
  after?: string | null;
}

/** Arguments of a list that is read in both directions. */
@ArgsType()
export class PageArgs extends ForwardPageArgs {
  @Field(() => Int, { nullable: true, description: 'Rows to return from the end, 1 to 100.' })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'End before this cursor.' })
  before?: string | null;
}

/** A page of records as a connection of GraphQL nodes. */
export function toConnection<Row, Node>(
  page: Page<Row>,
  map: (row: Row) => Node,
): Connection<Node> {
  const edges = page.edges.map(({ cursor, node }) => ({ cursor, node: map(node) }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
