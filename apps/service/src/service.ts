import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FreezeWatch } from '@countersign/anchor';
import { projectRoot, requireDatabaseUrl, type Config } from '@countersign/config';
import { Database } from '@countersign/database';
import { IdentityService } from '@countersign/identity';
import { isAppError, systemClock, type Clock } from '@countersign/kernel';
import { LedgerService } from '@countersign/ledger';
import { PolicyService } from '@countersign/policy';
import { PermitIssuer } from '@countersign/promotion';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastify, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { AppModule } from './composition/app.module.js';
import { graphiqlPage } from './composition/graphiql-page.js';
import { safeHeaders } from './composition/headers.js';
import { createLogger, nestLogger } from './composition/logger.js';
import { mountDoors } from './composition/doors.js';
import { Metrics } from './composition/metrics.js';
import { operatorPages } from './composition/operator-pages.js';
import { checkSurroundings } from './composition/preflight.js';
import { ProblemFilter } from './composition/problem.filter.js';
import { Readiness } from './composition/readiness.js';
import { logAnswers } from './composition/request-log.js';
import { StartFailure } from './composition/start-failure.js';
import { Workers } from './composition/workers.js';
import { developmentIssuerWanted, loadDevelopmentIssuer, seedDemo } from './dev-issuer/index.js';
import { takeStrictJson } from './http/strict-body.js';

export interface ServiceOptions {
  readonly config: Config;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Called when background work ended for good and the process has to be replaced. */
  readonly onFatal?: (error: unknown) => void;
}

/** A service that answers. */
export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly workers: Workers;
  /** Where it listens on this machine. */
  readonly url: string;
  /** Doors first, then work in progress, then connections. Resolves when nothing is left. */
  stop(): Promise<void>;
}

/** Brings a service up. Throws StartFailure or ConfigError with a sentence for a person. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { config, clock = systemClock } = options;
  const log = options.log ?? createLogger(config.logLevel);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 }).catch(noDataDir(config));
  await surroundings(config);

  const stopping = new AbortController();
  const server = createServer();
  const rooms = { config, clock, log, stopping: stopping.signal };
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(rooms),
    new FastifyAdapter(server as never),
    { logger: nestLogger(log), bodyParser: false, abortOnError: false },
  );
  const workers = app.get(Workers);
  try {
    await furnish(app, server, { config, clock, log, stopping: stopping.signal });
    const watch = app.get(FreezeWatch);
    await watch.begin();
    const appendsFirst = (): Promise<void> => firstAppends(app, config, log);
    if (watch.isWritable) await appendsFirst();
    await listen(app, config);
    const onFatal = options.onFatal ?? fatal(log);
    const work = async (): Promise<void> => {
      if (config.roles.includes('worker')) await workers.start(onFatal);
    };
    if (watch.isWritable) await work();
    else watch.whenWritable(() => void appendsFirst().then(work).catch(onFatal));
  } catch (error) {
    stopping.abort();
    await app.close();
    await workers.stop();
    throw error;
  }
  log.info({ port: config.port, roles: config.roles }, 'ready');
  return {
    app,
    workers,
    url: `http://127.0.0.1:${config.port}`,
    stop: once(async () => {
      stopping.abort();
      await app.close();
      await workers.stop();
      log.info('stopped');
    }),
  };
}

/** What a start itself records. Nothing, while the service is read-only. */
async function firstAppends(
  app: NestFastifyApplication,
  config: Config,
  log: Logger,
): Promise<void> {
  if (developmentIssuerWanted(config)) {
    const deps = { identity: app.get(IdentityService), policy: app.get(PolicyService) };
    await unlessStopped(log, 'demo', async () => {
      log.info(await seedDemo(deps), 'development issuer and demo tenants');
    });
  }
  await activatePolicies(app, log);
}

/** Tenants that were decided for by other policy files get an entry that says that these decide from now on. */
async function activatePolicies(app: NestFastifyApplication, log: Logger): Promise<void> {
  const policy = app.get(PolicyService);
  for (const { id, slug } of await app.get(IdentityService).queries.tenants()) {
    await unlessStopped(log, slug, () => policy.activate(id));
  }
}

/** A tenant that was closed or frozen takes no entry. The others must not wait for it. */
async function unlessStopped(log: Logger, who: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isAppError(error, 'READ_ONLY') && !isAppError(error, 'KEY_DESTROYED')) throw error;
    log.warn({ who, why: error.publicMessage }, 'nothing is recorded at the start');
  }
}

/** Everything around the GraphQL endpoint: headers, log, figures, doors, issuer, pages. */
async function furnish(
  app: NestFastifyApplication,
  server: FastifyInstance,
  given: { config: Config; clock: Clock; log: Logger; stopping: AbortSignal },
): Promise<void> {
  const { config, clock, log, stopping } = given;
  const metrics = app.get(Metrics);
  const readiness = new Readiness(app.get(Database), stopping, app.get(LedgerService));
  safeHeaders(server);
  takeStrictJson(server);
  logAnswers(server, log);
  metrics.time(server);
  if (config.roles.includes('api')) {
    mountDoors(server, app, metrics, clock);
    if (developmentIssuerWanted(config)) await server.register(await loadDevelopmentIssuer(config));
    if (config.nodeEnv !== 'production') graphiqlPage(server);
  }
  operatorPages(server, {
    metrics,
    notReady: () => readiness.reasons(),
    jwks: () => app.get(PermitIssuer).jwks(),
  });
  app.useGlobalFilters(new ProblemFilter(log));
  await app.init();
}

function createServer(): FastifyInstance {
  return fastify({
    logger: false,
    genReqId: () => randomUUID(),
    trustProxy: false,
    // A keep-alive connection without a request does not hold up the end.
    forceCloseConnections: 'idle',
    connectionTimeout: 0,
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 256 },
  });
}

/** Looks at database and disk before anything is built on them. */
async function surroundings(config: Config): Promise<void> {
  const database = new Database({ connectionString: requireDatabaseUrl(config), max: 2 });
  try {
    await checkSurroundings(database, join(projectRoot(), 'prisma', 'migrations'), config);
  } finally {
    await database.close();
  }
}

async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  const { port } = config;
  try {
    // With the development issuer whoever reaches the port may be anybody, so nobody else's machine may.
    await app.listen(port, developmentIssuerWanted(config) ? '127.0.0.1' : '0.0.0.0');
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    throw new StartFailure(
      code === 'EADDRINUSE' ? `Port ${port} is in use.` : `Port ${port} may not be used.`,
      'Set PORT to a free one, such as PORT=4100.',
      error,
    );
  }
}

function noDataDir({ dataDir }: Config): (error: unknown) => never {
  return (error) => {
    throw new StartFailure(
      `DATA_DIR ${dataDir} cannot be made.`,
      'Set DATA_DIR to a folder with space and rights.',
      error,
    );
  };
}

function fatal(log: Logger): (error: unknown) => void {
  return (error) => {
    log.fatal({ err: error }, 'background work ended');
  };
}

/** The second call joins the first. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
