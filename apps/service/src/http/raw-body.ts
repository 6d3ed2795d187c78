import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { doorProblemOf, sendProblem } from './problem.js';

/** Every door but lineage's. */
export const BODY_BYTES_MAX = 1024 * 1024;

/**
 * Makes a Fastify scope hand over bodies as the bytes that were sent, whatever their type: signatures are over bytes,
 * and the ledger keeps bytes. Failures of the scope become problems.
 */
export function takeRawBodies(scope: FastifyInstance, bytesMax: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: bytesMax },
    (_request, body, done) => done(null, body),
  );
  scope.setErrorHandler((error: Partial<FastifyError>, request, reply) => {
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(reply, bytesMax);
    if (error.code?.startsWith('FST_ERR_CTP') === true) return badBody(reply);
    const problem = doorProblemOf(error);
    if (problem.status >= 500) request.log.error({ err: error }, 'an event could not be recorded');
    return sendProblem(reply, problem);
  });
}

/** The body's bytes; empty when the request had none. */
export function bytesOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** 413: nothing was kept. */
export function tooLarge(reply: FastifyReply, bytesMax: number): FastifyReply {
  return sendProblem(reply, {
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    detail: `The body has more than ${bytesMax} bytes.`,
    hint: 'Send less at once. Nothing of this request was recorded.',
  });
}

function badBody(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, {
    status: 400,
    code: 'BAD_REQUEST',
    detail: 'The body does not have the length that its Content-Length says.',
    hint: 'Send the request again.',
  });
}
