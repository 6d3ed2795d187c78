import type { Config } from '@countersign/config';
import type { FastifyPluginAsync } from 'fastify';
import { refuseUnlessWanted } from './settings.js';

const RUNTIME_NOTICE = 'Unsupported runtime';

/**
 * The development issuer, loaded only when it is wanted: production never reads its code. Throws CONFLICT when
 * it must not run.
 */
export async function loadDevelopmentIssuer(config: Config): Promise<FastifyPluginAsync> {
  refuseUnlessWanted(config);
  const { developmentIssuerPlugin } = await withoutRuntimeNotice(
    () => import('./development-issuer.plugin.js'),
  );
  return developmentIssuerPlugin(config);
}

/**
 * oidc-provider asks for Node 22 on standard error when it is loaded, and runs on 20; a newcomer would take it
 * for a fault. Everything else that is printed passes.
 */
async function withoutRuntimeNotice<Result>(load: () => Promise<Result>): Promise<Result> {
  const { warn } = console;
  // eslint-disable-next-line no-console -- the only way to what a dependency prints while it loads
  console.warn = (...values: unknown[]) => {
    if (!String(values[0]).includes(RUNTIME_NOTICE)) warn(...values);
  };
  try {
    return await load();
  } finally {
    // eslint-disable-next-line no-console
    console.warn = warn;
  }
}
