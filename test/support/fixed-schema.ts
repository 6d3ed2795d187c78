import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, type GraphQLSchema } from 'graphql';

/**
 * The part of the API that is a contract. The connections, which its text leaves out by convention, are added for
 * each `XConnection` that it names.
 */
export function fixedSchema(): GraphQLSchema {
  const text = readFileSync(join(process.cwd(), 'test', 'fixtures', 'api.graphql'), 'utf8');
  const nodes = [...new Set([...text.matchAll(/\b(\w+)Connection\b/g)].map((match) => match[1]))];
  const connections = nodes
    .filter((node): node is string => node !== undefined && node !== 'X')
    .map(
      (node) =>
        `type ${node}Edge { cursor: String! node: ${node}! }
         type ${node}Connection { edges: [${node}Edge!]! nodes: [${node}!]! pageInfo: PageInfo! }`,
    );
  return buildSchema(
    `${text}
     type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
     ${connections.join('\n')}`,
  );
}
