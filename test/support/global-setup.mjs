// One private PostgreSQL for the whole run; each suite makes its own database in it (see database.ts).
import { startEmbeddedPostgres } from '../../tools/embedded-postgres.mjs';

export default async function setUp() {
  const server = await startEmbeddedPostgres({
    directory: '.data/test-pg',
    port: Number(process.env.TEST_PG_PORT ?? 15533), // another one for a second checkout on the same machine
    settings: {
      max_connections: '300',
      shared_buffers: '256MB',
      wal_keep_size: '256MB', // one spec looks for what it wrote in the log of changes, which others fill meanwhile
    },
  });
  process.env['TEST_OWNER_URL'] = server.ownerUrl('postgres');
  process.env['TEST_APP_URL'] = server.appUrl('postgres');
  globalThis.stopTestDatabase = server.started ? server.stop : undefined;
}
