import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FreezeWatch, recover } from '@countersign/anchor';
import { Database } from '@countersign/database';
import { systemClock, type TenantId } from '@countersign/kernel';
import { LedgerService, SigningKeys } from '@countersign/ledger';
import { Vault } from '@countersign/vault';
import { pino } from 'pino';
import { startService } from '../../apps/service/src/service.js';
import { countersign } from '../support/command-line.js';
import { post, type Answer } from '../support/doors.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { signedHeaders } from '../support/mlflow-session.js';
import { startTestService, type TestService } from '../support/service.js';

const NEWEST = '{ entries(last: 1) { nodes { sequence type } } }';

describe('a service that is read-only', () => {
  const environment = { ...process.env };
  let folder: string;
  let service: TestService;
  let acme: TenantId;
  let tara: GraphqlClient;
  let ana: GraphqlClient;
  let engineer: string;
  let webhook: { url: string; secret: string };
  let tokens: { lineage: string; events: string };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'read-only-'));
    service = await startTestService();
    // The command line works on the same installation as the service.
    Object.assign(process.env, {
      DATABASE_URL: service.database.url,
      DATA_DIR: service.config.dataDir,
    });
    tara = await service.as('tara@acme');
    ana = await service.as('ana@acme');
    engineer = (await (await service.as('eli@acme')).must<{ me: { id: string } }>('{ me { id } }'))
      .me.id;
    const { createSource } = await tara.must<{
      createSource: { secret: string; source: { webhookUrl: string } };
    }>(
      `mutation { createSource(input: { kind: MLFLOW, name: "demo" }) { secret source { webhookUrl } } }`,
    );
    webhook = { url: createSource.source.webhookUrl, secret: createSource.secret };
    const spark = await service.token('spark@acme');
    tokens = { lineage: spark, events: spark };
    const rows = await service.database.asOwner<{ id: TenantId }>(
      `SELECT id FROM tenant WHERE slug = 'acme'`,
    );
    acme = rows[0]!.id;
  }, 60_000);
  afterAll(async () => {
    process.env = environment;
    await service.stop();
    await rm(folder, { recursive: true });
  });

  /** One delivery per door, each with an id of its own; sending it again is the same delivery. */
  function deliveries(): Record<string, () => Promise<Answer>> {
    const id = randomUUID();
    const created = JSON.stringify({
      entity: 'registered_model',
      action: 'created',
      timestamp: '2026-11-21T11:59:59.123456+00:00',
      data: { name: `model-${id}`, tags: {}, description: '' },
    });
    const event = { specversion: '1.0', id, source: '/pipeline', type: 'com.example.unknown' };
    const run = {
      eventType: 'START',
      eventTime: '2026-11-21T11:59:59.000Z',
      producer: 'https://example.com/producer',
      run: { runId: id },
      job: { namespace: 'n', name: `job-${id}` },
    };
    const bearer = (token: string): Record<string, string> => ({
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    });
    return {
      '/webhooks': () =>
        post(webhook.url, created, signedHeaders(webhook.secret, created, id, new Date())),
      '/events': () =>
        post(`${service.url}/events`, JSON.stringify(event), {
          ...bearer(tokens.events),
          'content-type': 'application/cloudevents+json',
        }),
      '/events, a batch': () =>
        post(`${service.url}/events`, JSON.stringify([{ ...event, id: `${id}-b` }]), {
          ...bearer(tokens.events),
          'content-type': 'application/cloudevents-batch+json',
        }),
      '/api/v1/lineage': () =>
        post(`${service.url}/api/v1/lineage`, JSON.stringify(run), bearer(tokens.lineage)),
      '/api/v1/lineage/batch': () =>
        post(
          `${service.url}/api/v1/lineage/batch`,
          JSON.stringify([{ ...run, eventType: 'COMPLETE' }]),
          bearer(tokens.lineage),
        ),
    };
  }

  const ready = async (): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${service.url}/readyz`);
    return { status: response.status, text: await response.text() };
  };
  const size = async (): Promise<bigint> => {
    const rows = await service.database.asOwner<{ size: bigint }>(
      'SELECT size FROM ledger_head WHERE tenant_id = $1',
      [acme],
    );
    return rows[0]!.size;
  };

  /** Every door and a mutation refuse with the reason, and everything can be read. */
  async function expectReadOnly(
    sent: Record<string, () => Promise<Answer>>,
    reason: string,
  ): Promise<void> {
    const before = await size();
    for (const [door, send] of Object.entries(sent)) {
      const { body, headers, status } = await send();
      expect([door, status, body]).toEqual([
        door,
        503,
        expect.objectContaining({ code: 'READ_ONLY', hint: expect.any(String) }),
      ]);
      expect(body.detail).toContain(reason);
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    for (const mutation of [
      `mutation { createSource(input: { kind: MLFLOW, name: "more" }) { secret } }`,
      `mutation { grantRole(input: { subject: "${engineer}", role: "model-owner", reason: "x" }) { __typename } }`,
    ]) {
      const { errors } = await tara.ask(mutation);
      expect(errors[0]).toMatchObject({ extensions: { code: 'READ_ONLY' } });
      expect(errors[0]?.message).toContain(reason);
    }
    expect(await ana.must(NEWEST)).toMatchObject({ entries: { nodes: [{}] } });
    expect(await ana.must('{ checkpoint { size note } sources { name } }')).toBeDefined();
    expect(await size()).toBe(before);
  }

  const pin = async (name: string): Promise<string> => {
    const { text } = await countersign('trust', '--tenant', 'acme');
    await writeFile(join(folder, name), `${text}\n`);
    return join(folder, name);
  };
  const exported = (name: string, ...more: string[]) =>
    countersign('export', '--tenant', 'acme', '--out', join(folder, name), ...more);
  const verified = async (name: string, policy: string): Promise<number> =>
    (await countersign('verify', join(folder, name), '--policy', policy)).code;

  /** What was refused is taken when it is sent again, and then once. */
  async function expectTakenOnce(sent: Record<string, () => Promise<Answer>>): Promise<void> {
    for (const [door, send] of Object.entries(sent)) {
      const first = await send();
      const after = await size();
      const again = await send();
      expect([door, first.status, again.status]).toEqual([door, 202, 202]);
      expect(await size()).toBe(after);
    }
  }

  it('for one tenant: says why at every door, and takes the same deliveries once it is lifted', async () => {
    await Promise.all(Object.values(deliveries()).map((send) => send())); // sources are there
    const ledger = service.service.app.get(LedgerService);
    const database = service.service.app.get(Database);
    await database.sqlTransaction(acme, (tx) => ledger.freeze(tx, 'rows were changed'));
    const sent = deliveries();
    await expectReadOnly(sent, 'rows were changed');
    // Other tenants go on.
    expect((await ready()).status).toBe(200);
    const gail = await service.as('gail@globex');
    await gail.must(`mutation { createSource(input: { kind: MLFLOW, name: "own" }) { secret } }`);
    await database.sqlTransaction(acme, (tx) => ledger.thaw(tx));
    await expectTakenOnce(sent);
  });

  it('for one tenant: starts all the same, also with other policy files', async () => {
    const ledger = service.service.app.get(LedgerService);
    const database = service.service.app.get(Database);
    await database.sqlTransaction(acme, (tx) => ledger.freeze(tx, 'rows were changed'));
    await service.database.asOwner(`UPDATE tenant_policy SET policy_version = 'older'`);
    const log = pino({ level: 'silent' });
    const other = await startService({ config: { ...service.config, port: 0 }, log });
    await other.stop();
    const versions = await service.database.asOwner(
      `SELECT t.slug FROM tenant_policy p JOIN tenant t ON t.id = p.tenant_id
       WHERE p.policy_version = 'older'`,
    );
    expect(versions).toEqual([{ slug: 'acme' }]);
    await database.sqlTransaction(acme, (tx) => ledger.thaw(tx));
  });

  it('as a whole: says why at every door and in /readyz, and takes the same deliveries after a recovery', async () => {
    const { app } = service.service;
    const database = app.get(Database);
    await exported('before');
    const oldPolicy = await pin('before.policy');
    await app.get(FreezeWatch).freeze({
      code: 'STORE_BEHIND',
      reason: 'a witness knows more',
      origin: '',
      source: 'witness w1',
      outsideSize: 9n,
      outsideNote: null,
      storeSize: 1n,
    });
    const sent = deliveries();
    await expectReadOnly(sent, 'a witness knows more');
    const { status, text } = await ready();
    expect(status).toBe(503);
    expect(text).toContain('read-only, STORE_BEHIND: a witness knows more');
    const gail = await service.as('gail@globex');
    expect(
      await gail.code(`mutation { createSource(input: { kind: MLFLOW, name: "two" }) { secret } }`),
    ).toBe('READ_ONLY');
    await expectReadOnly(sent, 'a witness knows more'); // and stays so
    // Commands neither: nothing is appended, and nothing is signed under a new key.
    await expect(exported('during')).rejects.toThrow('read-only: a witness knows more');
    await exported('during', '--unrecorded');
    expect(await verified('during', oldPolicy)).toBe(0);
    await expect(countersign('key', 'rotate')).rejects.toThrow('a witness knows more');
    await expect(
      countersign('hold', 'place', '--tenant', 'acme', '--reason', 'lawsuit'),
    ).rejects.toMatchObject({ code: 'READ_ONLY' });
    const own = new LedgerService({ database, clock: systemClock, vault: app.get(Vault) });
    await recover({
      database,
      ledger: own,
      keys: app.get(SigningKeys),
      clock: systemClock,
      logName: service.config.logName,
      reason: 'restored the backup',
      operator: 'omar',
    });
    await own.close();
    await new Promise<void>((resolve) => {
      app.get(FreezeWatch).whenWritable(resolve);
    });
    expect((await ready()).status).toBe(200);
    await expectTakenOnce(sent);
    // What was exported before still verifies, under what was pinned before; what comes now needs the new policy.
    await exported('after');
    const newPolicy = await pin('after.policy');
    expect(await verified('before', oldPolicy)).toBe(0);
    expect(await verified('during', oldPolicy)).toBe(0);
    expect(await verified('after', newPolicy)).toBe(0);
    expect(await verified('after', oldPolicy)).toBe(2);
    expect(await verified('before', newPolicy)).toBe(2);
  }, 60_000);
});
