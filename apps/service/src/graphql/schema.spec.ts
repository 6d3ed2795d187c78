import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, printSchema, type GraphQLSchema } from 'graphql';
import { fixedSchema } from '../../../../test/support/fixed-schema.js';
import { schemaText } from './print-schema.js';
import { missingFrom } from './schema/covers.js';

describe('the GraphQL schema', () => {
  let text: string;
  let schema: GraphQLSchema;
  beforeAll(async () => {
    text = await schemaText();
    schema = buildSchema(text);
  });

  it('has every type, field, argument and value of the fixed part', () => {
    expect(missingFrom(schema, fixedSchema())).toEqual([]);
  });

  it('is what schema.graphql at the top level says', () => {
    expect(readFileSync(join(process.cwd(), 'schema.graphql'), 'utf8')).toBe(text);
  });

  it('describes every type, field, argument and value of its own', () => {
    const silent = undescribed(schema);
    expect(silent).toEqual([]);
  });

  // Mutants: each breaks the contract in one way that the comparison must see.
  it.each([
    ['a field that is gone', '  leafHash: String!\n', '', 'Entry.leafHash is missing'],
    [
      'a field that may be null',
      'rootHash: String!',
      'rootHash: String',
      'Checkpoint.rootHash is String, not String!',
    ],
    ['a value that is gone', '  WITNESSED\n', '', 'Tier.WITNESSED is missing'],
    [
      'an argument that is gone',
      'knownAtSequence: Sequence, ',
      '',
      'Query.placements(knownAtSequence) is missing',
    ],
    [
      'an argument that was added and is required',
      'entry(sequence: Sequence!)',
      'entry(sequence: Sequence!, tenant: ID!)',
      'Query.entry(tenant) was added and is required',
    ],
    [
      'an input that became stricter',
      'actor: String\n  subject',
      'actor: String!\n  subject',
      'EntryFilter.actor is String!, not String',
    ],
    [
      'a member that left its union',
      'PromotionRequest | PolicyDenied | PromotionRefused',
      'PromotionRequest | PolicyDenied',
      'PromotionRefused is no member of PromotionResult',
    ],
  ])('notices %s', (_what, part, replacement, problem) => {
    const fixed = fixedSchema();
    const plain = printSchema(fixed);
    expect(plain).toContain(part);
    expect(missingFrom(buildSchema(plain.replace(part, replacement)), fixed)).toContain(problem);
  });
});

const BUILT_IN = new Set(['String', 'Boolean', 'Int', 'Float', 'ID']);
const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);

/** Names of what has no description. */
function undescribed(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__') && !BUILT_IN.has(name))
    .flatMap((type) => [
      ...(ROOTS.has(type.name) || isTold(type) ? [] : [type.name]),
      ...('getFields' in type
        ? Object.values(type.getFields())
            .filter((field) => !isTold(field))
            .map((field) => `${type.name}.${field.name}`)
        : []),
    ]);
}

function isTold({ description }: { description?: string | null | undefined }): boolean {
  return (description ?? '').length > 0;
}
