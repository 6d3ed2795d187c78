import type { FastifyInstance } from 'fastify';
import { GRAPHIQL_HTML, GRAPHIQL_SCRIPT, GRAPHIQL_STYLE } from './graphiql-assets.js';

/**
 * A query page at /graphiql, served whole by the service: no other host is asked, so it works without a network.
 * Never mounted in production.
 */
export function graphiqlPage(server: FastifyInstance): void {
  const files = [
    ['/graphiql', 'text/html; charset=utf-8', GRAPHIQL_HTML],
    ['/graphiql/page.js', 'text/javascript; charset=utf-8', GRAPHIQL_SCRIPT],
    ['/graphiql/page.css', 'text/css; charset=utf-8', GRAPHIQL_STYLE],
  ] as const;
  for (const [url, type, content] of files) {
    server.get(url, (_request, reply) => reply.type(type).send(content));
  }
}
