import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { problemOf, sendProblem, type Problem } from '../http/problem.js';

/** Failures that no door answered itself: unknown routes, broken requests, faults of ours. As problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): unknown {
    // GraphQL has its own shape of errors; see graphql/runtime/errors.ts.
    if (host.getType<string>() !== 'http') return error;
    const http = host.switchToHttp();
    const problem = toProblem(error);
    if (problem.status >= 500) {
      const { id: requestId } = http.getRequest<FastifyRequest>();
      this.log.error({ err: error, requestId }, 'a request failed');
    }
    return sendProblem(http.getResponse<FastifyReply>(), problem);
  }
}

function toProblem(error: unknown): Problem {
  const status = statusOf(error);
  if (status === 404) {
    return {
      status,
      code: 'NOT_FOUND',
      detail: 'There is nothing at this address.',
      hint: 'The API is at /graphql; see the README for the other addresses.',
    };
  }
  if (status !== null && status >= 400 && status < 500) {
    return {
      status,
      code: status === 413 ? 'PAYLOAD_TOO_LARGE' : 'BAD_REQUEST',
      detail: 'The request cannot be read.',
      hint: 'Check the method, the content type and the body.',
    };
  }
  return problemOf(error);
}

/** Of Nest's and Fastify's own errors. */
function statusOf(error: unknown): number | null {
  const { statusCode, getStatus } = error as { statusCode?: unknown; getStatus?: () => number };
  if (typeof getStatus === 'function') return getStatus.call(error);
  return typeof statusCode === 'number' ? statusCode : null;
}
