import { AppError } from '@countersign/kernel';
import { buildSchema, executeSync, GraphQLError, parse } from 'graphql';
import { isUnexpected, toGraphqlError } from './errors.js';

const withCode = (code: string, message = 'SELECT secret FROM t'): Error =>
  Object.assign(new Error(message), { code });
/** As the executors hand over what a resolver threw. */
const thrown = (cause: unknown): GraphQLError =>
  new GraphQLError(cause instanceof Error ? cause.message : String(cause), {
    path: ['entries'],
    originalError: cause as Error,
  });
/** The error class of compiled queries: no extensions at all. */
const compiled = (cause: unknown): unknown =>
  Object.assign(Object.create(GraphQLError.prototype) as object, {
    message: 'm',
    path: ['entries'],
    originalError: cause,
    extensions: undefined,
  });

describe('errors of the GraphQL boundary', () => {
  it.each([
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'NOT_FOUND',
    'BAD_REQUEST',
    'BAD_CURSOR',
    'CONFLICT',
    'OVERLOADED',
  ])('%s keeps its code, words and hint, interpreted and compiled', (code) => {
    const cause = new AppError(code, { publicMessage: 'What it was.', hint: 'What to do.' });
    for (const error of [thrown(cause), compiled(cause), cause]) {
      const { extensions, message } = toGraphqlError(error, 'r-1');
      expect(message).toBe('What it was.');
      expect(extensions).toMatchObject({ code, hint: 'What to do.', requestId: 'r-1' });
      expect(isUnexpected(error)).toBe(false);
    }
  });

  it.each([
    [
      'a code that is for nobody outside',
      new AppError('MIGRATION_FAILED', { publicMessage: 'secret' }),
    ],
    ['an SQL error', withCode('42P01')],
    ['a fault of ours', new TypeError('secret is undefined')],
    ['something that is no error', 'secret'],
    ['a null where none may be', null],
  ])('%s is INTERNAL and shows nothing of itself', (_what, cause) => {
    const error = thrown(cause);
    const shown = toGraphqlError(error, 'r-1');
    expect(shown.extensions['code']).toBe('INTERNAL');
    expect(JSON.stringify(shown)).not.toContain('secret');
    expect(isUnexpected(error)).toBe(true);
  });

  it.each(['08006', '53300', '57P01', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'])(
    'the database is away (%s): UNAVAILABLE, with a time to try again',
    (code) => {
      const { extensions, message } = toGraphqlError(thrown(withCode(code)), 'r-1');
      expect(extensions).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 2 });
      expect(message).not.toContain('SELECT');
    },
  );

  it('a statement that was stopped asks for a narrower question', () => {
    const { extensions } = toGraphqlError(thrown(withCode('57014')), 'r-1');
    expect(extensions).toMatchObject({ code: 'UNAVAILABLE' });
    expect(String(extensions['hint'])).toContain('Narrow');
  });

  it('a document that does not hold is BAD_REQUEST in graphql’s own words', () => {
    const error = new GraphQLError('Cannot query field "x" on type "Query".');
    expect(toGraphqlError(error, 'r-1')).toMatchObject({
      message: error.message,
      extensions: { code: 'BAD_REQUEST' },
    });
  });

  it('variables that do not fit are BAD_REQUEST in graphql’s own words', () => {
    const schema = buildSchema('input I { role: String! } type Query { a(input: I!): String }');
    const document = parse('query ($input: I!) { a(input: $input) }');
    const { errors } = executeSync({ schema, document, variableValues: { input: {} } });
    expect(isUnexpected(errors?.[0])).toBe(false);
    const { extensions, message } = toGraphqlError(errors?.[0], 'r-1');
    expect(extensions['code']).toBe('BAD_REQUEST');
    expect(message).toContain('Field "role" of required type "String!" was not provided.');
  });

  it('maps once: a second time changes nothing', () => {
    const once = toGraphqlError(thrown(new AppError('CONFLICT', { publicMessage: 'a' })), 'r-1');
    expect(toGraphqlError(once, 'r-2')).toBe(once);
  });
});
