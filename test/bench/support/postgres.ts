import { createTestDatabase, type TestDatabase } from '../../support/database.js';

interface EmbeddedServer {
  readonly started: boolean;
  ownerUrl(database: string): string;
  appUrl(database: string): string;
  stop(): Promise<void> | void;
}

/**
 * A migrated database that is gone afterwards, on the server that `npm run bench` names in the environment; run alone,
 * on the test PostgreSQL, started when it is not running.
 */
export async function withBenchDatabase<Result>(
  work: (test: TestDatabase) => Promise<Result>,
): Promise<Result> {
  const server = process.env['TEST_OWNER_URL'] === undefined ? await testServer() : null;
  try {
    const test = await createTestDatabase();
    try {
      return await work(test);
    } finally {
      await test.drop();
    }
  } finally {
    if (server?.started === true) await server.stop();
  }
}

async function testServer(): Promise<EmbeddedServer> {
  const launcher = new URL('../../../tools/embedded-postgres.mjs', import.meta.url);
  const { startEmbeddedPostgres } = (await import(launcher.href)) as {
    startEmbeddedPostgres(options: object): Promise<EmbeddedServer>;
  };
  const server = await startEmbeddedPostgres({
    directory: '.data/test-pg',
    port: 15533,
    settings: { max_connections: '300', shared_buffers: '256MB' },
  });
  process.env['TEST_OWNER_URL'] = server.ownerUrl('postgres');
  process.env['TEST_APP_URL'] = server.appUrl('postgres');
  return server;
}
