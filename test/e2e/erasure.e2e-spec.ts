import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Database } from '@countersign/database';
import { IdentityService } from '@countersign/identity';
import type { TenantId } from '@countersign/kernel';
import { LedgerQueries, verifyLive } from '@countersign/ledger';
import { PolicyService } from '@countersign/policy';
import { RegistryQueries } from '@countersign/registry';
import { fileVault } from '@countersign/vault';
import { pino } from 'pino';
import { Canaries } from '../support/canaries.js';
import { countersign } from '../support/command-line.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { signedHeaders } from '../support/mlflow-session.js';
import { startTestService, type TestService } from '../support/service.js';
import { dumpTables, restoreTables, type TableDump } from '../support/table-dump.js';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js';

const SECRET = 'a-secret-of-the-tests';
const ROLES = {
  tara: 'tenant-admin',
  carl: 'compliance-officer',
  abel: 'approver',
  beth: 'approver',
  mona: 'model-owner',
  eli: 'ml-engineer',
  ana: 'auditor',
} as const;
type Name = keyof typeof ROLES;

describe('erasure', () => {
  const canaries = new Canaries();
  const log: string[] = [];
  const environment = { ...process.env };
  const people = {} as Record<Name, { client: GraphqlClient; token: string; id: string }>;
  let issuer: TokenIssuer;
  let service: TestService;
  let folder: string;
  let acme: TenantId;
  let before: TableDump;

  beforeAll(async () => {
    issuer = await startTokenIssuer({ 'org-1': 'acme' });
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        log.push(chunk.toString());
        done();
      },
    });
    service = await startTestService(
      { nodeEnv: 'production', issuers: [issuer.config] },
      { log: pino({ level: 'trace' }, sink) },
    );
    folder = await mkdtemp(join(tmpdir(), 'erasure-'));
    // The command line works on the same installation as the service.
    Object.assign(process.env, {
      DATABASE_URL: service.database.url,
      DATABASE_MIGRATION_URL: service.database.ownerUrl,
      DATA_DIR: service.config.dataDir,
    });
    await openAcme();
  }, 60_000);
  afterAll(async () => {
    process.env = environment;
    await service.stop();
    await issuer.stop();
    await rm(folder, { recursive: true });
  });

  async function openAcme(): Promise<void> {
    const { app } = service.service;
    acme = (await app.get(IdentityService).openTenant('acme', 'Acme Bank')).id;
    for (const [name, role] of Object.entries(ROLES) as [Name, string][]) {
      const token = await issuer.token({
        ...{ sub: canaries.next(), name: canaries.next(), org: 'org-1' },
        email: `${canaries.next()}@acme.example`,
      });
      const client = new GraphqlClient(service.url, token);
      const { me } = await client.must<{ me: { id: string } }>('{ me { id } }');
      people[name] = { client, token, id: me.id };
      await app.get(PolicyService).grantRoleAsSystem(acme, {
        ...{ subject: me.id, role, reason: `because of ${canaries.next()}` },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // reads may be a second behind
  }

  const webhook = async (id: string, delivery: string, body: object): Promise<number> => {
    const bytes = JSON.stringify(body);
    const response = await fetch(`${service.url}/webhooks/${id}`, {
      method: 'POST',
      body: bytes,
      headers: {
        'content-type': 'application/json',
        ...signedHeaders(SECRET, bytes, delivery, new Date()),
      },
    });
    return response.status;
  };
  const searched = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const [table, rows] of await dumpTables(service.database)) {
      const where = canaries.in(rows);
      if (where !== null) found.push(`${table}: ${where}`);
    }
    return found;
  };
  const files = async (wanted = canaries): Promise<string[]> => {
    const [row] = await service.database.asOwner<{ folder: string; base: string }>(
      `SELECT current_setting('data_directory') AS folder, oid::text AS base
       FROM pg_database WHERE datname = current_database()`,
    );
    await service.database.asOwner('CHECKPOINT');
    const [root, base] = [row?.folder ?? '', row?.base ?? ''];
    return [...wanted.inFiles(join(root, 'base', base)), ...wanted.inFiles(join(root, 'pg_wal'))];
  };
  const api = async (): Promise<string> => {
    const ana = people.ana.client;
    const answers = [
      '{ entries(last: 100) { nodes { sequence type payload evidence { bytes } actor { displayName } } } }',
      `{ registeredModel(name: "scorer") { description tags { key value }
         versions(first: 5) { nodes { description tags { key value } } } } }`,
      '{ promotionRequests(first: 5) { nodes { reason votes { comment } } } }',
      '{ quarantine(first: 10) { nodes { reason detail bytes } } }',
    ];
    const texts = await Promise.all(answers.map(async (query) => (await ana.ask(query)).text));
    return texts.join('\n');
  };

  it('plants personal values through every door', async () => {
    const { createSource } = await people.tara.client.must<{
      createSource: { source: { id: string } };
    }>(`mutation ($input: CreateSourceInput!) { createSource(input: $input) { source { id } } }`, {
      input: { kind: 'MLFLOW', name: 'demo', secret: SECRET },
    });
    const { id } = createSource.source;
    const plant = (): string => canaries.next();
    const at = new Date().toISOString();
    const event = (entity: string, action: string, data: object) =>
      webhook(id, `delivery-${canaries.planted.length}`, {
        ...{ entity, action, timestamp: at, data },
      });
    const name = 'scorer';
    const tags = () => ({ owner: plant(), note: plant() });
    const answers = [
      await event('registered_model', 'created', { name, description: plant(), tags: tags() }),
      await event('model_version', 'created', {
        ...{ name, version: '1', source: 's3://b/1', run_id: null },
        ...{ description: plant(), tags: tags() },
      }),
      await event('registered_model_tag', 'set', { name, key: 'contact', value: plant() }),
      await event('model_version_tag', 'set', { name, version: '1', key: 'who', value: plant() }),
      await event('model_version_tag', 'set', { name, version: '1', key: 'who', value: plant() }),
      await event('prompt', 'created', { name: 'ask', description: plant(), tags: tags() }),
      await event('prompt_version', 'created', {
        ...{ name: 'ask', version: '1', template: plant(), description: plant(), tags: {} },
      }),
      await event(plant(), 'happened', { name: plant() }),
      await event('registered_model', 'created', { name: 7, description: plant() }),
    ];
    expect(new Set(answers)).toEqual(new Set([202]));
    const run = JSON.parse(
      readFileSync(join(process.cwd(), 'test/fixtures/spark-session/00001.json'), 'utf8'),
    ) as { run: { facets: object }; job: { facets: object } };
    run.run.facets = { ...run.run.facets, ownership: { owners: [{ name: plant() }] } };
    run.job.facets = {
      documentation: { description: plant() },
      sql: { query: `SELECT '${plant()}'` },
    };
    const lineage = await fetch(`${service.url}/api/v1/lineage`, {
      method: 'POST',
      body: JSON.stringify(run),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${people.eli.token}` },
    });
    expect([201, 202]).toContain(lineage.status);
    await service.catchUp('acme');
    const { client: mona } = people.mona;
    const target = 'alias:champion';
    const refused = { model: name, version: '9', target, reason: plant() };
    const ask = `mutation ($input: RequestPromotionInput!) { requestPromotion(input: $input) {
      __typename ... on PromotionRequest { id rowVersion reason } } }`;
    await mona.must(
      `mutation ($reason: String) {
      governModel(input: { model: "scorer", reason: $reason }) { __typename } }`,
      {
        reason: plant(),
      },
    );
    await mona.must(ask, { input: refused });
    const { requestPromotion } = await mona.must<{
      requestPromotion: { __typename: string; id: string; rowVersion: number; reason: string };
    }>(ask, {
      input: { ...refused, version: '1', reason: plant(), idempotencyKey: 'once' },
    });
    expect(requestPromotion.reason).toBe(canaries.planted.at(-1));
    for (const [index, voter] of (['abel', 'beth'] as const).entries()) {
      await people[voter].client.must(
        `mutation ($input: CastVoteInput!) { castVote(input: $input) { __typename } }`,
        {
          input: {
            ...{ requestId: requestPromotion.id, decision: 'APPROVE', role: 'approver' },
            ...{ comment: plant(), rowVersion: requestPromotion.rowVersion + index },
          },
        },
      );
    }
    await service.catchUp('acme');
    expect(canaries.planted.length).toBeGreaterThanOrEqual(50);
    expect(await (async () => canaries.readable(await api()))()).toBeGreaterThan(35);
  }, 60_000);

  it('keeps none of them in clear in a table, a file, a dump or the log', async () => {
    before = await dumpTables(service.database);
    expect(await searched()).toEqual([]);
    expect(await files()).toEqual([]);
    expect(canaries.in(log.join(''))).toBeNull();
  }, 120_000);

  it('would find one that lies in clear in a row, in the table’s file and in the log of changes', async () => {
    const careless = new Canaries();
    await service.database.asOwner('CREATE TABLE careless AS SELECT $1::text AS note', [
      careless.next(),
    ]);
    const found = await files(careless);
    await service.database.asOwner('DROP TABLE careless');
    expect(found.some((path) => path.includes('/base/'))).toBe(true);
    expect(found.some((path) => path.includes('/pg_wal/'))).toBe(true);
  }, 60_000);

  it('exports them as long as they are there', async () => {
    await countersign('export', '--tenant', 'acme', '--evidence', '--out', join(folder, 'old'));
    const { text } = await countersign('trust', '--tenant', 'acme');
    await writeFile(join(folder, 'policy'), `${text}\n`);
    expect(canaries.inFiles(join(folder, 'old')).length).toBeGreaterThan(0);
  }, 60_000);

  it('counts, erases, and certifies', async () => {
    const last = await service.database.database.read(acme, (tx) => new LedgerQueries().size(tx));
    const everything = ['--tenant', 'acme', '--entry', `0-${last - 1n}`];
    const dry = await countersign('erase', ...everything, '--dry-run');
    expect(dry.text).toMatch(/^\d+ values and \d+ pieces of evidence in \d+ entries$/);
    const one = await countersign(
      ...['erase', '--tenant', 'acme', '--subject', people.mona.id],
      ...['--reason', 'Art. 17', '--certificate', join(folder, 'mona.note')],
    );
    expect(one.text).toContain('erased: entries');
    const note = await readFile(join(folder, 'mona.note'), 'utf8');
    expect(note).toContain(people.mona.id);
    expect(canaries.in(note)).toBeNull();
    const { text } = await countersign('erase', ...everything, '--reason', 'test');
    expect(text).toContain('made again: registry');
    expect(text).toContain('dead rows are gone');
    expect((await countersign('erase', ...everything, '--dry-run')).text).toBe(
      '0 values and 0 pieces of evidence in 0 entries',
    );
  }, 60_000);

  it('leaves none of them in a table, a file, a dump, the log, the API or a new export', async () => {
    expect(await searched()).toEqual([]);
    expect(await files()).toEqual([]);
    expect(canaries.in(log.join(''))).toBeNull();
    expect(canaries.in(await api())).toBeNull();
    await countersign('export', '--tenant', 'acme', '--evidence', '--out', join(folder, 'new'));
    expect(canaries.inFiles(join(folder, 'new'))).toEqual([]);
  }, 120_000);

  it('makes projections again without them', async () => {
    const tables = ['registry_model', 'registry_version', 'registry_statement', 'registry_span'];
    const rows = async () => {
      const dump = await dumpTables(service.database);
      return tables.map((table) => dump.get(table));
    };
    const erased = await rows();
    await service.service.workers.runner.rebuild(acme, 'registry');
    expect(await rows()).toEqual(erased);
    expect(erased.join('')).toContain('scorer');
  });

  it.each(['old', 'new'])('verifies the %s bundle', async (bundle) => {
    const policy = ['--policy', join(folder, 'policy')];
    const { code, text } = await countersign('verify', join(folder, bundle), ...policy);
    expect([code, text]).toEqual([0, expect.any(String)]);
  });

  it('verifies the ledger itself', async () => {
    const vault = fileVault(service.config);
    expect(await verifyLive(service.database.database, acme, { vault })).toMatchObject({
      ok: true,
    });
  });

  it('gives nothing of a restored backup once the tenant’s key is destroyed, but its proofs', async () => {
    const backup = await restoreTables(before);
    try {
      const read = async (database: Database): Promise<string> => {
        const vault = fileVault(service.config);
        return database.read(acme, async (tx) => {
          const entries = await new LedgerQueries({ vault }).range(tx, {
            ...{ after: -1n, limit: 500, evidence: true },
          });
          const model = await new RegistryQueries({ vault }).model(tx, 'scorer');
          const shown = entries.map(({ disclosures, evidence, payload }) => ({
            ...{
              disclosures,
              payload,
              evidence: evidence === null ? null : String(evidence.bytes),
            },
          }));
          return JSON.stringify([shown, model?.description], (_, value: unknown) =>
            typeof value === 'bigint' ? String(value) : value,
          );
        });
      };
      // With the key, a backup from before brings back what was erased: it has to expire.
      expect(canaries.readable(await read(backup.database))).toBeGreaterThan(35);
      const vault = fileVault(service.config);
      await vault.destroy(acme, new Date());
      expect(await read(backup.database)).not.toContain('scorer');
      expect(canaries.in(await read(backup.database))).toBeNull();
      expect(await verifyLive(backup.database, acme, { vault })).toMatchObject({ ok: true });
      const receipt = await backup.database.read(acme, (tx) => new LedgerQueries().receipt(tx, 3n));
      expect(receipt).toContain('c2sp.org/tlog-proof@v1');
    } finally {
      await backup.drop();
    }
  }, 60_000);
});
