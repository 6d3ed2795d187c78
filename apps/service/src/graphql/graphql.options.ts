import { randomUUID } from 'node:crypto';
import { AppError } from '@countersign/kernel';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import { Kind, specifiedRules, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { CallerFactory } from './runtime/authenticate.js';
import type { GraphqlContext } from './runtime/caller.js';
import { isUnexpected, toGraphqlError } from './runtime/errors.js';
import { checkLimits, DEPTH_MAX } from './runtime/limits.js';
import { rememberCustomResolvers } from './rules/custom-resolvers.js';
import { enforceAccess, type AccessPolicy } from './rules/enforce-access.js';

/** Largest GraphQL request. Documents and variables of people and programs stay far below. */
const BODY_BYTES_MAX = 256 * 1024;
const TOKENS_MAX = 4_000;

export interface GraphqlOptionsDeps {
  readonly callers: CallerFactory;
  readonly policy: AccessPolicy;
  readonly log: Logger;
  readonly production: boolean;
  /** Origins of pages that may open a WebSocket. */
  readonly origins: readonly string[];
}

/** Everything about the GraphQL endpoint but its fields. */
export function graphqlOptions(deps: GraphqlOptionsDeps): MercuriusDriverConfig {
  const { callers, log, production } = deps;
  const custom = new Set<string>();
  return {
    driver: MercuriusDriver,
    path: '/graphql',
    autoSchemaFile: true,
    jit: 1,
    graphiql: false,
    allowBatchedQueries: false,
    cache: 512,
    buildSchemaOptions: { noDuplicatedFields: true },
    graphql: {
      parseOptions: { maxLexicalTokens: TOKENS_MAX },
      // Mercurius hands these on to graphql-js, whose options it does not name in full.
      validateOptions: { maxErrors: 10, hideSuggestions: production } as { maxErrors: number },
    },
    // A page of another site can send neither a JSON body nor these headers without asking first.
    csrfPrevention: {
      requiredHeaders: ['x-requested-by', 'sec-websocket-key'],
      allowedContentTypes: ['application/json'],
    },
    additionalRouteOptions: { bodyLimit: BODY_BYTES_MAX },
    transformResolvers: (resolvers) => {
      rememberCustomResolvers(resolvers, custom);
      return resolvers;
    },
    transformSchema: (schema: GraphQLSchema) => enforceAccess(schema, custom, deps.policy),
    context: async (request: FastifyRequest): Promise<GraphqlContext> => ({
      caller: await callers.fromHeader(request.id, request.headers.authorization),
    }),
    subscription: {
      fullWsTransport: false,
      keepAlive: 30_000,
      verifyClient: (
        info: { origin?: string },
        next: (allowed: boolean, status?: number, message?: string) => void,
      ) => {
        next(
          info.origin === undefined || deps.origins.includes(info.origin),
          403,
          'Origin not allowed',
        );
      },
      context: async (_socket: unknown, request: FastifyRequest) => ({
        caller: await callers.fromHeader(request.id, request.headers.authorization),
      }),
      onConnect: async (message: { payload?: unknown }) => {
        const authorization = authorizationOf(message.payload);
        if (authorization === undefined) return true;
        return { caller: await callers.fromHeader(randomUUID(), authorization) };
      },
    },
    hooks: {
      preParsing: async (_schema: GraphQLSchema, source: string, context: unknown) => {
        refuseAnonymous(context as GraphqlContext, production);
        // Mercurius would take a JSON text for a parsed document, past the token limit.
        if (/^\s*[[{]\s*["[{]/.test(source)) throw notGraphql();
        return Promise.resolve();
      },
      preExecution: async (
        schema: GraphQLSchema,
        document: DocumentNode,
        context: unknown,
        variables: Record<string, unknown>,
      ) => {
        checkLimits(schema, document, variables, operationNameOf(context));
        // Mercurius keeps one compiled query per text, whichever operation of it was asked for first.
        return Promise.resolve(operationsOf(document) > 1 ? { document } : undefined);
      },
      preSubscriptionExecution: async (
        schema: GraphQLSchema,
        document: DocumentNode,
        context: unknown,
      ) => {
        const { caller } = context as GraphqlContext;
        const [invalid] = validate(schema, document, specifiedRules, { maxErrors: 1 });
        if (invalid !== undefined) throw toGraphqlError(invalid, caller.requestId);
        try {
          checkLimits(schema, document, {}, undefined);
        } catch (error) {
          throw toGraphqlError(error, caller.requestId);
        }
        return Promise.resolve();
      },
    },
    errorFormatter: (execution, context) => {
      const requestId = requestIdOf(context);
      const errors = flatten(execution.errors).map((error) => {
        if (isUnexpected(error)) log.error({ err: error, requestId }, 'GraphQL operation failed');
        return toGraphqlError(error, requestId);
      });
      const [first] = errors;
      const executed = execution.data !== undefined && execution.data !== null;
      const beforeExecution = !executed && first?.path === undefined;
      const { status } = (first?.extensions['http'] ?? { status: 500 }) as { status: number };
      return {
        statusCode: beforeExecution ? status : 200,
        response: { data: execution.data ?? null, errors },
      };
    },
  };
}

function operationNameOf(context: unknown): string | undefined {
  const body = (context as { reply?: FastifyReply }).reply?.request.body;
  const name = (body as { operationName?: unknown } | undefined)?.operationName;
  return typeof name === 'string' ? name : undefined;
}

function refuseAnonymous({ caller }: GraphqlContext, production: boolean): void {
  // Nobody gets a document parsed, or the schema shown, in production without a token.
  if (production && !caller.isAuthenticated) throw callerFailure(caller);
}

function callerFailure(caller: GraphqlContext['caller']): unknown {
  try {
    return caller.principal;
  } catch (error) {
    return error;
  }
}

/** The token of a connection_init message, under the names that clients use. */
function authorizationOf(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { headers, ...own } = payload as Record<string, unknown>;
  for (const place of [own, headers]) {
    if (typeof place !== 'object' || place === null) continue;
    for (const [name, value] of Object.entries(place)) {
      if (name.toLowerCase() === 'authorization' && typeof value === 'string') return value;
    }
  }
  return undefined;
}

/** Validation gives its errors wrapped in one. */
function flatten(errors: readonly GraphQLError[]): unknown[] {
  return errors.flatMap((error): unknown[] => {
    const inner = (error.originalError as { errors?: unknown } | undefined)?.errors;
    return Array.isArray(inner) ? inner : [error];
  });
}

function requestIdOf(context: unknown): string {
  const { caller, reply } = (context ?? {}) as Partial<GraphqlContext> & { reply?: FastifyReply };
  return caller?.requestId ?? reply?.request.id ?? randomUUID();
}

function operationsOf(document: DocumentNode): number {
  return document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION).length;
}

function notGraphql(): AppError {
  return new AppError('BAD_REQUEST', {
    publicMessage: 'The query is not a GraphQL document.',
    hint: `Send { "query": "{ me { id } }" }; at most ${DEPTH_MAX} levels deep.`,
  });
}
