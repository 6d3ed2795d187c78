import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@countersign/kernel';
import Fastify, { type FastifyInstance } from 'fastify';
import { Admission } from '../../apps/service/src/http/admission.js';
import { webhookDoor } from '../../apps/service/src/http/webhook-door.js';
import { IngestService, SourceService } from '@countersign/ingest';
import { LedgerService } from '@countersign/ledger';
import type { TestDatabase } from '../support/database.js';
import { interleavedPairs, type Contestant } from './support/pairs.js';
import { withBenchDatabase } from './support/postgres.js';
import { printReport } from './support/report.js';
import { sizeArgument } from './support/sizes.js';
import { testVault } from '../support/vault.js';

const PAIRS = sizeArgument('pairs', 5);
const REQUESTS = sizeArgument('requests', 6_000);
const CONCURRENCY = 64;
const SECRET = 'a-secret-of-the-benchmark';

/** The door as the service opens it. */
async function openDoor(
  test: TestDatabase,
  ledger: LedgerService,
): Promise<{ app: FastifyInstance; path: string }> {
  const { database } = test;
  const tenantId = await test.tenant('bench');
  await database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
  const sources = new SourceService({ database, ledger, clock: systemClock });
  const ingest = new IngestService({ database, ledger, clock: systemClock, sources });
  const { source } = await sources.create(
    {
      tenantId,
      tenantSlug: 'bench',
      id: 'svc:00000000-0000-4000-8000-000000000001',
      kind: 'service',
      displayName: 'Bench',
      issuer: 'bench',
      subject: 'bench',
      tokenExpiresAt: new Date('2099-01-01T00:00:00Z'),
    },
    { kind: 'MLFLOW', name: 'bench', secret: SECRET },
  );
  const app = Fastify();
  app.addHook('onClose', () => sources.close());
  await app.register(webhookDoor, {
    ingest,
    sources,
    clock: systemClock,
    admission: new Admission(),
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, path: `/webhooks/${source.id}` };
}

/** What a service without a ledger would do: parse, insert the event, answer. */
async function openBareRoute(test: TestDatabase): Promise<{ app: FastifyInstance; path: string }> {
  await test.asOwner(
    'CREATE TABLE raw_webhook (id text PRIMARY KEY, at timestamptz NOT NULL, body jsonb NOT NULL)',
  );
  await test.asOwner('GRANT INSERT ON raw_webhook TO countersign_runtime');
  const app = Fastify();
  app.post('/bare', async (request, reply) => {
    const client = await test.database.connect();
    try {
      await client.query({
        name: 'raw_webhook',
        text: 'INSERT INTO raw_webhook (id, at, body) VALUES ($1, now(), $2)',
        values: [request.headers['x-mlflow-delivery-id'], request.body],
      });
    } finally {
      client.release();
    }
    return reply.code(202).send({ stored: true });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, path: '/bare' };
}

function contestant(
  name: string,
  client: ChildProcess,
  door: { app: FastifyInstance; path: string },
): Contestant {
  const { port } = door.app.server.address() as AddressInfo;
  return {
    name,
    work: async () => {
      client.send({ run: { port, path: door.path, concurrency: CONCURRENCY } });
      const [message] = (await once(client, 'message')) as [
        { done: { answered: number; wrong: number } },
      ];
      const { answered, wrong } = message.done;
      if (answered !== REQUESTS || wrong > 0) {
        throw new Error(
          `${name}: ${answered} of ${REQUESTS} answered, ${wrong} of them not with 202`,
        );
      }
      return answered;
    },
  };
}

await withBenchDatabase(async (test) => {
  const ledger = new LedgerService({
    vault: testVault(),
    database: test.database,
    clock: systemClock,
  });
  const door = await openDoor(test, ledger);
  const bare = await openBareRoute(test);
  const client = fork(fileURLToPath(new URL('./support/http-load.mjs', import.meta.url)), [], {
    execArgv: [],
  });
  try {
    client.send({ prepare: { secret: SECRET, runs: 2 * (PAIRS + 1), requests: REQUESTS } });
    await once(client, 'message');
    const result = await interleavedPairs(
      contestant('webhook door', client, door),
      contestant('bare route', client, bare),
      PAIRS,
    );
    printReport(
      `Webhook door, ${CONCURRENCY} connections, median of interleaved pairs of one run`,
      [{ what: 'webhook door / bare route with one INSERT', unit: 'events/s', goal: 0.8, result }],
    );
  } finally {
    client.kill();
    await door.app.close();
    await bare.app.close();
    await ledger.close();
  }
});
