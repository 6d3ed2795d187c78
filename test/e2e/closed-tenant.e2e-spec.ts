import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TenantId } from '@countersign/kernel';
import { LedgerQueries } from '@countersign/ledger';
import { Vault } from '@countersign/vault';
import { pino } from 'pino';
import { startService } from '../../apps/service/src/service.js';
import { countersign } from '../support/command-line.js';
import { post, type Answer } from '../support/doors.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { signedHeaders } from '../support/mlflow-session.js';
import { startTestService, type TestService } from '../support/service.js';

const QUESTIONS = [
  '{ me { id displayName } }',
  '{ entries(first: 5) { nodes { sequence type payload canonical payloadCanonical proof evidence { bytes } disclosures { path value } actor { displayName } } } }',
  '{ checkpoint { size note } }',
  '{ registeredModels(first: 5) { nodes { name description tags { key value } } } }',
  '{ sources { name } }',
  '{ quarantine(first: 5) { nodes { reason detail bytes } } }',
  '{ promotionRequests(first: 5) { nodes { reason } } }',
  '{ roleGrants(first: 5) { nodes { subject } } }',
  `mutation { createSource(input: { kind: MLFLOW, name: "late" }) { secret } }`,
];

describe('a tenant that was closed', () => {
  const environment = { ...process.env };
  let folder: string;
  let service: TestService;
  let acme: TenantId;
  let ana: GraphqlClient;
  let webhook: { url: string; secret: string };
  let lineageToken: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'closed-'));
    service = await startTestService();
    Object.assign(process.env, {
      DATABASE_URL: service.database.url,
      DATA_DIR: service.config.dataDir,
    });
    const tara = await service.as('tara@acme');
    ana = await service.as('ana@acme');
    const { createSource } = await tara.must<{
      createSource: { secret: string; source: { webhookUrl: string } };
    }>(
      `mutation { createSource(input: { kind: MLFLOW, name: "demo" }) { secret source { webhookUrl } } }`,
    );
    webhook = { url: createSource.source.webhookUrl, secret: createSource.secret };
    lineageToken = await service.token('spark@acme');
    expect((await deliver('first')).status).toBe(202);
    await service.catchUp('acme');
    const rows = await service.database.asOwner<{ id: TenantId }>(
      `SELECT id FROM tenant WHERE slug = 'acme'`,
    );
    acme = rows[0]!.id;
    await countersign('export', '--tenant', 'acme', '--out', join(folder, 'open'));
    const { text } = await countersign('trust', '--tenant', 'acme');
    await writeFile(join(folder, 'policy'), `${text}\n`);
    await countersign(
      ...['tenant', 'close', '--tenant', 'acme', '--confirm', 'acme', '--reason', 'contract ended'],
    );
  }, 60_000);
  afterAll(async () => {
    process.env = environment;
    await service.stop();
    await rm(folder, { recursive: true });
  });

  function deliver(id: string): Promise<Answer> {
    const body = JSON.stringify({
      entity: 'registered_model',
      action: 'created',
      timestamp: '2026-11-21T11:59:59.123456+00:00',
      data: { name: 'scorer', tags: { owner: 'canary-owner' }, description: 'canary-text' },
    });
    return post(webhook.url, body, signedHeaders(webhook.secret, body, id, new Date()));
  }
  const verify = async (bundle: string): Promise<number> =>
    (await countersign('verify', join(folder, bundle), '--policy', join(folder, 'policy'))).code;

  it('takes nothing more from the first moment, also where its key is still held', async () => {
    const { body, status } = await deliver('second');
    expect([status, body.code]).toEqual([503, 'READ_ONLY']);
    expect(body.detail).toContain('the tenant was closed');
  });

  describe('once its key is forgotten everywhere', () => {
    beforeAll(() => service.service.app.get(Vault).destroy(acme, new Date()));

    it.each(QUESTIONS)('answers with a code: %s', async (question) => {
      const { errors, status, text } = await ana.ask(question);
      expect(errors[0]?.extensions.code).toBe('KEY_DESTROYED');
      expect(status).not.toBe(500);
      expect(text).not.toContain('canary');
    });

    it('answers every door with the same code', async () => {
      const run = '{"run":{"runId":"1"},"job":{"namespace":"n","name":"j"}}';
      const bearer = {
        authorization: `Bearer ${lineageToken}`,
        'content-type': 'application/json',
      };
      const answers = [
        await deliver('third'),
        await post(`${service.url}/api/v1/lineage`, run, bearer),
        await post(`${service.url}/events`, run, bearer),
      ];
      for (const { body, status } of answers) {
        expect([status, body.code]).toEqual([410, 'KEY_DESTROYED']);
        expect(body.hint).toEqual(expect.any(String));
      }
      const tiles = await fetch(`${service.url}/t/acme/log/checkpoint`, { headers: bearer });
      expect(tiles.status).toBe(410);
    });

    it('leaves other tenants, readiness and a restart alone', async () => {
      const greg = await service.as('greg@globex');
      expect(await greg.code('{ entries(first: 1) { nodes { payload } } }')).toBe('none');
      expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
      const other = await startService({
        config: { ...service.config, port: 0 },
        log: pino({ level: 'silent' }),
      });
      await other.stop();
    });

    it('shows headers without contents to whoever reads the ledger', async () => {
      const vault = service.service.app.get(Vault);
      const read = await service.database.database.read(acme, (tx) =>
        new LedgerQueries({ vault }).range(tx, { after: -1n, limit: 50, evidence: true }),
      );
      expect(read.at(-1)?.type).toBe('tenant.closed');
      for (const entry of read) {
        expect(entry).toMatchObject({ readable: false, payload: {}, payloadCanonical: null });
        expect(entry.evidence).toBeNull();
      }
    });

    it('can be exported as headers and proofs, and no other way', async () => {
      const args = ['export', '--tenant', 'acme'];
      for (const more of [[], ['--no-payloads'], ['--unrecorded']]) {
        await expect(
          countersign(...args, '--out', join(folder, `no${more.length}`), ...more),
        ).rejects.toMatchObject({ hint: expect.stringContaining('--unrecorded') as string });
      }
      await countersign(...args, '--out', join(folder, 'closed'), '--unrecorded', '--no-payloads');
      expect(await verify('closed')).toBe(0);
      expect(await verify('open')).toBe(0);
      const { text } = await countersign('prove', '1', '--tenant', 'acme');
      expect(text).toContain('c2sp.org/tlog-proof@v1');
    });

    it('still verifies in its database', async () => {
      expect(
        (await countersign('verify', '--live', '--tenant', 'acme', '--workers', '0')).code,
      ).toBe(0);
    });

    it('is no finding of the doctor and no reason against a new signing key', async () => {
      const { text } = await countersign('doctor');
      expect(text).not.toMatch(/acme.*(destroyed|closed)/);
      expect((await countersign('key', 'rotate')).text).toContain('hand out anew');
    });
  });
});
