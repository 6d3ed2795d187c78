import 'reflect-metadata';
import { getIntrospectionQuery, parse, type GraphQLSchema } from 'graphql';
import { buildServiceSchema } from '../print-schema.js';
import { checkLimits, COST_MAX, DEPTH_MAX } from './limits.js';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildServiceSchema();
});
const check = (query: string, variables: Record<string, unknown> = {}): (() => void) => {
  const document = parse(query);
  return () => {
    checkLimits(schema, document, variables, undefined);
  };
};

describe('limits of an operation', () => {
  it.each([
    [
      'a full page of entries with everything',
      '{ entries(first: 100) { nodes { sequence canonical actor { displayName } disclosures { path salt value } evidence { bytes } proof } pageInfo { endCursor } } }',
    ],
    [
      'the deepest useful walk',
      '{ promotionRequests(first: 5) { nodes { modelVersion { model { versions(first: 5) { nodes { placements { entry { actor { displayName } } } } } } } } } }',
    ],
    ['introspection', getIntrospectionQuery()],
    [
      'models with versions and tags',
      '{ registeredModels(first: 20) { nodes { name tags { key value } versions(first: 20) { nodes { version aliases placements { target from { earliest } } } } } } }',
    ],
  ])('lets %s pass', (_what, query) => {
    expect(check(query)).not.toThrow();
  });

  it.each([
    [
      'pages in pages',
      '{ registeredModels(first: 100) { nodes { versions(first: 100) { nodes { placements { entry { id } } } } } } }',
      {},
    ],
    [
      'pages in pages without sizes',
      '{ registeredModels { nodes { versions { nodes { placements { entry { actor { id } } } } } } } }',
      {},
    ],
    [
      'sizes in variables',
      'query ($n: Int) { registeredModels(first: $n) { nodes { versions(first: $n) { nodes { placements { target } } } } } }',
      { n: 100 },
    ],
    [
      'many root fields',
      `{ ${Array.from({ length: 600 }, (_, n) => `a${n}: checkpoint { size }`).join(' ')} }`,
      {},
    ],
    [
      'the whole schema many times',
      `{ ${Array.from({ length: 11 }, (_, n) => `a${n}: __schema { types { name } }`).join(' ')} }`,
      {},
    ],
    [
      'many walks',
      `{ ${Array.from({ length: 40 }, (_, n) => `a${n}: lineage(root: "x", direction: UPSTREAM) { root }`).join(' ')} }`,
      {},
    ],
    [
      'fragments that multiply',
      'query { registeredModels(first: 100) { nodes { ...F } } } fragment F on RegisteredModel { versions(first: 100) { nodes { placements { target } } } }',
      {},
    ],
  ])('refuses %s', (_what, query, variables) => {
    expect(check(query, variables)).toThrow(new RegExp(`more than ${COST_MAX}`));
  });

  it('counts levels through fragments, and refuses more than the limit', () => {
    const nest = (levels: number): string =>
      levels === 0 ? 'id' : `model { versions { nodes { ${nest(levels - 1)} } } }`;
    const query = `{ modelVersion(model: "a", version: "1") { ...F } } fragment F on ModelVersion { ${nest(4)} }`;
    expect(check(query)).toThrow(new RegExp(`more than ${DEPTH_MAX}`));
  });
});
