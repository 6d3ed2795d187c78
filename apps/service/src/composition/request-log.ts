import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/** One line per answer: method, route pattern, status, milliseconds. Nothing that was sent. */
export function logAnswers(server: FastifyInstance, log: Logger): void {
  server.addHook('onResponse', (request, reply, done) => {
    log[reply.statusCode >= 500 ? 'warn' : 'debug'](
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'answered',
    );
    done();
  });
}
