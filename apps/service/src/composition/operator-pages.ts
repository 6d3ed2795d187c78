import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.js';

export interface OperatorPagesDeps {
  readonly metrics: Metrics;
  /** Reasons why this process should get no requests now; empty when it should. */
  readonly notReady: () => Promise<readonly string[]>;
  /** Public keys of the permits. */
  readonly jwks: () => object;
}

/** Pages that no person of a tenant needs: liveness, readiness, figures, public keys. */
export function operatorPages(server: FastifyInstance, deps: OperatorPagesDeps): void {
  server.get('/healthz', () => ({ status: 'ok' }));

  server.get('/readyz', async (_request, reply) => {
    const reasons = await deps.notReady();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ ready: reasons.length === 0, reasons });
  });

  server.get('/metrics', async (_request, reply) =>
    reply.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics()),
  );

  server.get('/.well-known/jwks.json', (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').send(deps.jwks()),
  );
}
