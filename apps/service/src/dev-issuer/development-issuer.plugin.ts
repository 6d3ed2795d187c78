import type { Config } from '@countersign/config';
import type { FastifyPluginAsync } from 'fastify';
import { createDevelopmentIssuer, type RequestHandler } from './development-issuer.js';
import { DEVELOPMENT_ISSUER_PATH } from './settings.js';

/**
 * Mounts the development issuer under /dev-issuer of the service's own server. Register it before the server
 * listens: `server.register(await developmentIssuerPlugin(config))`.
 */
export async function developmentIssuerPlugin(
  config: Parameters<typeof createDevelopmentIssuer>[0] & Pick<Config, 'dataDir'>,
): Promise<FastifyPluginAsync> {
  const handle = await createDevelopmentIssuer(config);
  return async (server) => {
    // The provider reads the request itself, so Fastify must leave the body alone in this scope.
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', (_request, _payload, done) => done(null));
    server.all(`${DEVELOPMENT_ISSUER_PATH}/*`, async (request, reply) => {
      reply.hijack();
      await serve(handle, request.raw, reply.raw);
    });
    await Promise.resolve();
  };
}

/** Takes the mount path away as frameworks do: the provider builds its addresses from `originalUrl`. */
async function serve(handle: RequestHandler, ...[request, response]: Parameters<RequestHandler>) {
  const original = request.url ?? '/';
  Object.assign(request, { originalUrl: original });
  request.url = original.slice(DEVELOPMENT_ISSUER_PATH.length) || '/';
  await handle(request, response);
}
