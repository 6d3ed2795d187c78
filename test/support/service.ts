import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '@countersign/config';
import { pino, type Logger } from 'pino';
import { startService, type RunningService } from '../../apps/service/src/service.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { GraphqlClient } from './graphql-client.js';

export interface TestService {
  readonly url: string;
  readonly config: Config;
  readonly database: TestDatabase;
  readonly service: RunningService;
  /** A client with the token of a demo person, such as ana@acme. */
  as(person: string): Promise<GraphqlClient>;
  /** A token of the development issuer, from its own endpoint. */
  token(person: string): Promise<string>;
  /** A client without a token. */
  readonly anonymous: GraphqlClient;
  /** Resolves when every projector has seen what the tenant's ledger holds now. */
  catchUp(slug: string): Promise<void>;
  stop(): Promise<void>;
}

/** The whole service in this process, on a port and a database of its own, with the development issuer. */
export async function startTestService(
  overrides: Partial<Config> = {},
  given: { readonly log?: Logger } = {},
): Promise<TestService> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-'));
  const port = await freePort();
  const config: Config = {
    ...loadConfig({ DATABASE_URL: database.url, DATA_DIR: dataDir, PORT: String(port) }),
    nodeEnv: 'test',
    publicUrl: `http://127.0.0.1:${port}`,
    ...overrides,
  };
  const log = given.log ?? pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  const service = await startService({ config, log });
  const token = (person: string): Promise<string> => requestToken(service.url, person);
  return {
    url: service.url,
    config,
    database,
    service,
    token,
    as: async (person) => new GraphqlClient(service.url, await token(person)),
    anonymous: new GraphqlClient(service.url, null),
    catchUp: async (slug) => {
      const tenants = await database.asOwner<{ id: string }>(
        'SELECT id FROM tenant WHERE slug = $1',
        [slug],
      );
      for (const { id } of tenants) await service.workers.runner.catchUp(id as never);
    },
    stop: async () => {
      await service.stop();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function requestToken(url: string, person: string): Promise<string> {
  const response = await fetch(`${url}/dev-issuer/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:countersign:dev-person',
      client_id: 'countersign-cli',
      person,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no token for ${person}: ${response.status}`);
  return token;
}

/** The issuer's name holds the port, so it has to be known before the server listens. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}
