import { STATUS_CODES } from 'node:http';
import { AppError } from '@countersign/kernel';
import type { FastifyReply } from 'fastify';

/** An error as RFC 9457 carries it, with our stable code and what the caller can do. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  /** One sentence for the caller. */
  readonly detail: string;
  readonly hint: string | undefined;
  /** Becomes Retry-After. */
  readonly retryAfterSeconds?: number | undefined;
  /** Further members of the body. */
  readonly extra?: Readonly<Record<string, string | number>> | undefined;
}

/** Statuses of AppError codes at the HTTP boundary. What is not listed is ours and unexpected: 500. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  BAD_CURSOR: 400,
  BAD_REQUEST: 400,
  NOT_SUPPORTED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  EVIDENCE_GONE: 409,
  STILL_QUARANTINED: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_ENCODING: 415,
  OVERLOADED: 503,
  UNAVAILABLE: 503,
  READ_ONLY: 503,
  KEY_MISSING: 503,
  KEY_DESTROYED: 410,
};

const RETRY_AFTER_SECONDS_DEFAULT = 1;

/** The status of an AppError code; 500 for a code that no caller is meant to see. */
export function statusOfCode(code: string): number {
  return STATUS_BY_CODE[code] ?? 500;
}

/** What a caller may know of a failure: an AppError's public part, and nothing of anything else. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof AppError) || statusOfCode(error.code) === 500) {
    return {
      status: 500,
      code: 'INTERNAL',
      detail: 'Something went wrong on our side.',
      hint: 'Try again. The time of this answer finds the cause in the log.',
    };
  }
  const status = statusOfCode(error.code);
  const seconds = error.details['retryAfterSeconds'];
  const retryAfterSeconds = typeof seconds === 'number' ? seconds : RETRY_AFTER_SECONDS_DEFAULT;
  return {
    status,
    code: error.code,
    detail: error.publicMessage,
    hint: error.hint,
    ...(status === 503 || status === 429 ? { retryAfterSeconds } : {}),
  };
}

/** The same failure of a door that takes events: nothing was recorded, and only 503 makes senders try again. */
export function doorProblemOf(error: unknown): Problem {
  const problem = problemOf(error);
  const hint = 'Send the same delivery again: it will be recorded once.';
  if (problem.status === 503) return { ...problem, hint: problem.hint ?? hint };
  if (problem.status !== 500) return problem;
  return {
    status: 503,
    code: 'UNAVAILABLE',
    detail: 'The event could not be recorded right now.',
    hint,
    retryAfterSeconds: 2,
  };
}

/** Sends a problem as application/problem+json. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { code, detail, extra, hint, retryAfterSeconds, status } = problem;
  if (retryAfterSeconds !== undefined) {
    void reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterSeconds))));
  }
  if (status === 401 && !reply.hasHeader('www-authenticate')) {
    void reply.header('www-authenticate', 'Bearer');
  }
  return reply
    .code(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: STATUS_CODES[status],
        status,
        code,
        detail,
        hint,
        ...extra,
      }),
    );
}
