import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.js';

/** Bounds what requests in flight may hold, so that a flood is refused instead of filling the memory. */
export class Admission {
  #bytes = 0;

  /** @param bytesMax of all bodies that are being received or recorded; default 64 MiB. */
  constructor(readonly bytesMax: number = 64 * 1024 * 1024) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Refuses requests of a scope with 503 once the bound is reached, before their body is read. */
  guard(scope: FastifyInstance, bodyBytesMax: number): void {
    scope.addHook('onRequest', (request, reply, next) => {
      const weight = announcedBytes(request, bodyBytesMax);
      if (this.#bytes + weight > this.bytesMax) {
        void sendProblem(reply, {
          status: 503,
          code: 'OVERLOADED',
          detail: 'More events are arriving than can be recorded.',
          hint: 'Send the same delivery again after the time in Retry-After.',
          retryAfterSeconds: 1,
        });
        return;
      }
      this.#bytes += weight;
      // `close` comes after the answer and after a broken connection alike.
      reply.raw.once('close', () => {
        this.#bytes -= weight;
      });
      next();
    });
  }
}

/** What the body will take, and something for the request itself. */
function announcedBytes(request: FastifyRequest, bodyBytesMax: number): number {
  const announced = Number(request.headers['content-length']);
  const known = Number.isInteger(announced) && announced >= 0;
  return (known ? Math.min(announced, bodyBytesMax) : bodyBytesMax) + 2048;
}
