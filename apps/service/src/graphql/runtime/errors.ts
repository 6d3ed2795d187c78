import { AppError } from '@countersign/kernel';
import { GraphQLError } from 'graphql';

/** Codes that may leave the process, with the HTTP status that says the same. */
const STATUS: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_REQUEST: 400,
  BAD_CURSOR: 400,
  NOT_SUPPORTED: 400,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  OVERLOADED: 503,
  UNAVAILABLE: 503,
  READ_ONLY: 503,
  KEY_MISSING: 503,
  KEY_DESTROYED: 410,
  SEAL_BROKEN: 500,
  INTERNAL: 500,
};

/** query_canceled: a statement ran into its time limit. */
const STATEMENT_STOPPED = '57014';

/** The database is away, restarting or full: SQLSTATE classes 08, 53, 57 and what Node says about sockets. */
const UNAVAILABLE = /^(08...|53...|57P..|ECONN[A-Z]+|ETIMEDOUT|EPIPE)$/;

/**
 * Any failure as the one shape that GraphQL callers see: extensions { code, hint, requestId }. What is not one of
 * ours is INTERNAL and shows nothing of itself. The one place where codes of the libs are mapped to GraphQL.
 */
export function toGraphqlError(error: unknown, requestId: string): GraphQLError {
  if (error instanceof GraphQLError && isMapped(error)) return error;
  const { code, message, hint, retryAfterSeconds } = describe(error);
  const graphql = error as Partial<GraphQLError> | null;
  return new GraphQLError(message, {
    nodes: graphql?.nodes ?? null,
    source: graphql?.source ?? null,
    positions: graphql?.positions ?? null,
    path: Array.isArray(graphql?.path) ? graphql.path : null,
    extensions: {
      code,
      hint,
      requestId,
      http: { status: STATUS[code] ?? 500 },
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  });
}

/** Errors of compiled queries may come without extensions, whatever their type says. */
function isMapped(error: { readonly extensions?: Record<string, unknown> | undefined }): boolean {
  return error.extensions?.['requestId'] !== undefined;
}

/** True when the failure is ours to look at, not the caller's. */
export function isUnexpected(error: unknown): boolean {
  const { code } = describe(error);
  return code === 'INTERNAL' || code === 'UNAVAILABLE';
}

interface Description {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly retryAfterSeconds?: number;
}

function describe(error: unknown): Description {
  const cause = rootOf(error);
  if (cause instanceof AppError) return describeAppError(cause);
  if (codeOf(cause) === STATEMENT_STOPPED) return tookTooLong();
  if (isUnavailable(cause)) return unavailable();
  if (isAboutTheRequest(error, cause)) return badRequest(error.message);
  const status = statusOf(cause);
  if (status !== null && status >= 400 && status < 500) {
    return status === 413 ? tooLarge() : badRequest(messageOf(cause));
  }
  return {
    code: 'INTERNAL',
    message: 'Something went wrong on our side.',
    hint: 'Try again; if it stays, give the request id to whoever runs this service.',
  };
}

/** graphql's own words about a document or its variables; the latter wrap what was found in each of them. */
function isAboutTheRequest(error: unknown, cause: unknown): error is GraphQLError {
  return error instanceof GraphQLError && cause instanceof GraphQLError && error.path === undefined;
}

function describeAppError(error: AppError): Description {
  const known = Object.hasOwn(STATUS, error.code);
  if (!known) return describe(new Error('not an outward code'));
  const retry = error.details['retryAfterSeconds'];
  return {
    code: error.code,
    message: error.publicMessage,
    hint: error.hint ?? null,
    ...(typeof retry === 'number' ? { retryAfterSeconds: retry } : {}),
  };
}

/** What was thrown, below what the two executors wrap it in: compiled queries have an error class of their own. */
function rootOf(error: unknown): unknown {
  let current = error;
  for (let inner = originalOf(current); inner !== undefined; inner = originalOf(current)) {
    current = inner;
  }
  return current;
}

function originalOf(error: unknown): unknown {
  return (error as { originalError?: unknown } | null)?.originalError ?? undefined;
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (UNAVAILABLE.test(codeOf(error))) return true;
  return /^(timeout exceeded when trying to connect|Connection terminated)/.test(error.message);
}

function unavailable(): Description {
  return {
    code: 'UNAVAILABLE',
    message: 'The service cannot reach its database right now.',
    hint: 'Nothing was recorded. Try again in a few seconds.',
    retryAfterSeconds: 2,
  };
}

/** SQLSTATE or the code of a socket error. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function tookTooLong(): Description {
  return {
    code: 'UNAVAILABLE',
    message: 'The question took too long and was stopped.',
    hint: 'Narrow it: a filter on type, subject or sequence, or a smaller budget.',
  };
}

function tooLarge(): Description {
  return {
    code: 'PAYLOAD_TOO_LARGE',
    message: 'The request is too large.',
    hint: 'A GraphQL request has at most 256 KiB.',
  };
}

function badRequest(message: string): Description {
  return {
    code: 'BAD_REQUEST',
    message,
    hint: 'See the schema at /graphiql or in schema.graphql.',
  };
}

function statusOf(error: unknown): number | null {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'The request cannot be read.';
}
