import { AppError } from '@countersign/kernel';
import {
  getNamedType,
  isCompositeType,
  isListType,
  isNonNullType,
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import {
  fieldExtensionsEstimator,
  getComplexity,
  type ComplexityEstimator,
} from 'graphql-query-complexity';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '@countersign/kernel';

/** Longest path of fields in an operation. The deepest useful one of the schema has ten. */
export const DEPTH_MAX = 12;
/** Introspection nests deeper, over types that are bounded by the schema. */
const INTROSPECTION_DEPTH_MAX = 20;
/** Objects that an operation may make us read, as estimated from its page sizes. */
export const COST_MAX = 10_000;
/** A field of Query or Subscription opens a transaction; one of Mutation writes. */
const ROOT_COST = { query: 20, subscription: 20, mutation: 100 } as const;
const INTROSPECTION_COST = 1_000;
/** How many rows a list without a page size is taken for. */
const LIST_SIZE = 10;

/**
 * Refuses an operation that is too deep or would cost too much. Runs on each request, since the cost depends on
 * the variables. Throws BAD_REQUEST with the figure and the limit.
 */
export function checkLimits(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Record<string, unknown> | undefined,
  operationName: string | undefined,
): void {
  checkDepth(document);
  const cost = getComplexity({
    schema,
    query: document,
    variables: variables ?? {},
    ...(operationName === undefined ? {} : { operationName }),
    estimators: [
      introspectionEstimator,
      pageEstimator,
      fieldExtensionsEstimator(),
      objectEstimator,
    ],
  });
  if (cost > COST_MAX) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: `The operation costs ${cost}, more than ${COST_MAX}.`,
      hint: 'Ask for smaller pages (first) or fewer levels at once.',
    });
  }
}

/** A page costs one for itself and what each of its rows costs, by the rows asked for. */
const pageEstimator: ComplexityEstimator = ({ type, field, args, childComplexity }) => {
  const named = getNamedType(field.type).name;
  if (named.endsWith('Connection')) {
    const asked = Number(args['first'] ?? args['last'] ?? PAGE_SIZE_DEFAULT);
    const rows = Math.min(Math.max(asked, 1), PAGE_SIZE_MAX);
    return rootCost(type.name) + 1 + rows * childComplexity;
  }
  // The rows of a page were counted by the page.
  if (type.name.endsWith('Connection') && isCompositeType(getNamedType(field.type))) {
    return 1 + childComplexity;
  }
  return undefined;
};

/** Reading the schema touches no database; only asking for all of it many times at once is worth a bound. */
const introspectionEstimator: ComplexityEstimator = ({ type, field, childComplexity }) => {
  if (type.name.startsWith('__')) return childComplexity;
  return field.name.startsWith('__') && isCompositeType(getNamedType(field.type))
    ? INTROSPECTION_COST
    : undefined;
};

/** An object costs one, a list of objects as much as several of them, a plain value nothing. */
const objectEstimator: ComplexityEstimator = ({ type, field, childComplexity }) => {
  const base = rootCost(type.name);
  if (!isCompositeType(getNamedType(field.type))) return base;
  return base + (isList(field.type) ? 1 + LIST_SIZE * childComplexity : 1 + childComplexity);
};

function rootCost(typeName: string): number {
  if (typeName === 'Query' || typeName === 'Subscription') return ROOT_COST.query;
  return typeName === 'Mutation' ? ROOT_COST.mutation : 0;
}

function isList(type: GraphQLOutputType): boolean {
  return isNonNullType(type) ? isListType(type.ofType) : isListType(type);
}

function checkDepth(document: DocumentNode): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
    if (node.kind === Kind.OPERATION_DEFINITION) operations.push(node);
  }
  const measured = new Map<string, number>();
  for (const operation of operations) {
    const depth = depthOf(operation.selectionSet, fragments, measured);
    const introspects = operation.selectionSet.selections.every(
      (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
    );
    const limit = introspects ? INTROSPECTION_DEPTH_MAX : DEPTH_MAX;
    if (depth > limit) {
      throw new AppError('BAD_REQUEST', {
        publicMessage: `The operation is ${depth} levels deep, more than ${limit}.`,
        hint: 'Follow ids in a second operation instead of nesting.',
      });
    }
  }
}

/** Fields on the longest path. Validation has excluded cycles of fragments; each fragment is measured once. */
function depthOf(
  set: SelectionSetNode | undefined,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  measured: Map<string, number>,
): number {
  let deepest = 0;
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      deepest = Math.max(deepest, 1 + depthOf(selection.selectionSet, fragments, measured));
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      deepest = Math.max(deepest, depthOf(selection.selectionSet, fragments, measured));
    } else {
      const name = selection.name.value;
      const known =
        measured.get(name) ?? depthOf(fragments.get(name)?.selectionSet, fragments, measured);
      measured.set(name, known);
      deepest = Math.max(deepest, known);
    }
  }
  return deepest;
}
