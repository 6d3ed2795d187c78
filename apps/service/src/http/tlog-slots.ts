import type { onRequestHookHandler } from 'fastify';
import { sendProblem } from './problem.js';

/** Bounds how many answers are in the making or on their way, since a slow reader holds one of up to 16 MiB. */
export class TlogSlots {
  #taken = 0;

  /** @param most answers at once; default 16. */
  constructor(readonly most = 16) {}

  /** For the routes that share these slots: refuses with 503 while all of them are taken. */
  readonly onRequest: onRequestHookHandler = (_request, reply, next) => {
    if (this.#taken >= this.most) {
      void sendProblem(reply, {
        status: 503,
        code: 'OVERLOADED',
        detail: 'More parts of logs are asked for than can be served at once.',
        hint: 'Ask again after the time in Retry-After, and for fewer at the same time.',
        retryAfterSeconds: 1,
      });
      return;
    }
    this.#taken++;
    // `close` comes after the answer and after a broken connection alike.
    reply.raw.once('close', () => {
      this.#taken--;
    });
    next();
  };
}
