import { buildSchema, isNonNullType, isObjectType, type GraphQLField } from 'graphql';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphqlClient } from '../support/graphql-client.js';
import { RecordedSession } from '../support/recorded-session.js';
import { startTestService, type TestService } from '../support/service.js';

/** Everything that a tenant's auditor can see, asked for in one go. */
const EVERYTHING = `{
  me { id tenant { id } }
  entries(first: 100) { edges { cursor } nodes { id sequence type subject actor { id } canonical leafHash payloadDigest evidenceDigest proof } }
  checkpoint { origin rootHash note }
  registeredModels(first: 50) { edges { cursor } nodes { id name source versions(first: 10) { edges { cursor } nodes { id version runId sourceUri } } } }
  promotionRequests(first: 50) { edges { cursor } nodes { id pin votes { id } } }
  roleGrants(first: 50) { edges { cursor } nodes { id subject } }
  lineageNodes(first: 100) { edges { cursor } nodes { id namespace name version } }
  sources { id name webhookUrl }
  quarantine(first: 50) { edges { cursor } nodes { id reason } }
  drifts(first: 50) { edges { cursor } nodes { id } }
}`;

describe('tenants are apart', () => {
  let service: TestService;
  let ana: GraphqlClient;
  let greg: GraphqlClient;
  let secrets: { ids: string[]; cursors: string[]; names: string[] };

  beforeAll(async () => {
    service = await startTestService();
    const tara = await service.as('tara@acme');
    const { createSource } = await tara.must<{
      createSource: { secret: string; source: { webhookUrl: string } };
    }>(
      `mutation { createSource(input: { kind: MLFLOW, name: "demo" }) { secret source { webhookUrl } } }`,
    );
    const session = new RecordedSession('card-fraud-session');
    await session.playUpTo('approved-move', {
      webhookUrl: createSource.source.webhookUrl,
      secret: createSource.secret,
      lineageUrl: `${service.url}/api/v1/lineage`,
      lineageToken: await service.token('spark@acme'),
    });
    await service.catchUp('acme');
    const mona = await service.as('mona@acme');
    await mona.must(`mutation { governModel(input: { model: "card-fraud" }) { __typename } }`);
    await mona.must(
      `mutation { requestPromotion(input: { model: "card-fraud", version: "2", target: "alias:champion" }) { __typename ... on PromotionRequest { id } } }`,
    );
    await service.catchUp('acme');
    ana = await service.as('ana@acme');
    greg = await service.as('greg@globex');
    secrets = collect(await ana.must(EVERYTHING));
  }, 60_000);
  afterAll(() => service.stop());

  it('have enough in them to tell', () => {
    expect(secrets.ids.length).toBeGreaterThan(100);
    expect(secrets.cursors.length).toBeGreaterThan(100);
  });

  it('are told apart by a search that finds what is there', async () => {
    // The control: whoever may see acme shows every one of its secrets to the same search.
    const { text } = await ana.ask(EVERYTHING);
    expect(leaked(text, secrets).length).toBeGreaterThan(secrets.ids.length / 2);
  });

  it('show nothing of each other in any list', async () => {
    const { text } = await greg.ask(EVERYTHING);
    expect(leaked(text, secrets)).toEqual([]);
  });

  it('answer every id of another tenant exactly as an id of nobody', async () => {
    const queries = [
      (id: string) => `{ promotionRequest(id: "${id}") { id } }`,
      (id: string) => `{ lineage(root: "${id}", direction: UPSTREAM) { root nodes { id } } }`,
      (id: string) => `mutation { replayQuarantined(id: "${id}") { id } }`,
      (id: string) =>
        `mutation { revokeRole(id: "${id}", reason: "x") { __typename ... on Refusal { code message } } }`,
      (id: string) => `mutation { rotateSourceSecret(id: "${id}") { secret } }`,
      (id: string) =>
        `mutation { castVote(input: { requestId: "${id}", decision: APPROVE, role: "approver", rowVersion: 1 }) { __typename ... on Refusal { code message } } }`,
      (id: string) =>
        `mutation { withdrawPromotion(input: { requestId: "${id}", rowVersion: 1 }) { __typename ... on Refusal { code message } } }`,
    ];
    const gail = await service.as('gail@globex');
    const nobody = '00000000-0000-4000-8000-000000000000';
    const sample = [...new Set(secrets.ids)].filter((id) => /^[0-9a-f-]{36}$/.test(id));
    expect(sample.length).toBeGreaterThan(20);
    for (const query of queries) {
      const missing = shape((await gail.ask(query(nobody))).text, nobody);
      // Ids of every kind, spread over the whole collection.
      for (const id of sample.filter((_, index) => index % Math.ceil(sample.length / 40) === 0)) {
        const { text } = await gail.ask(query(id));
        expect(shape(text, id)).toBe(missing);
      }
    }
  }, 120_000);

  it('take no cursor of another tenant for more than a place in their own list', async () => {
    const lists = [
      'entries',
      'registeredModels',
      'promotionRequests',
      'roleGrants',
      'lineageNodes',
      'quarantine',
      'drifts',
    ];
    const sample = secrets.cursors.filter((_, index) => index % 20 === 0);
    for (const list of lists) {
      for (const cursor of sample) {
        const { text } = await greg.ask(
          `query ($after: String) { ${list}(first: 10, after: $after) { edges { cursor } nodes { __typename ... on Entry { id } } } }`.replace(
            '... on Entry { id }',
            list === 'entries' ? '... on Entry { id canonical }' : '',
          ),
          { after: cursor },
        );
        expect(leaked(text, { ...secrets, cursors: [] })).toEqual([]);
      }
    }
  }, 120_000);

  it('know no model of another tenant, by name or by target', async () => {
    const { data } = await greg.ask(
      `{ registeredModel(name: "card-fraud") { id } modelVersion(model: "card-fraud", version: "1") { id }
         placements(model: "card-fraud", target: "alias:champion") { target } }`,
    );
    expect(data).toEqual({ registeredModel: null, modelVersion: null, placements: [] });
    const decision = await greg
      .must<{ decide: { allowed: boolean } }>(
        `query ($subject: String) { decide(input: { subject: $subject, action: "ledger.read", object: "ledger" }) { allowed rules } }`,
        { subject: (await ana.must<{ me: { id: string } }>('{ me { id } }')).me.id },
      )
      .catch((error: unknown) => error as Error);
    expect(decision instanceof Error || !decision.decide.allowed).toBe(true);
  });

  it('are named by no field that takes a tenant as an argument', () => {
    const schema = buildSchema(readFileSync(join(process.cwd(), 'schema.graphql'), 'utf8'));
    const named = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) =>
        Object.values(type.getFields()).flatMap((field: GraphQLField<unknown, unknown>) =>
          field.args
            .filter(
              (arg) =>
                /tenant/i.test(arg.name) ||
                String(isNonNullType(arg.type) ? arg.type.ofType : arg.type).includes('Tenant'),
            )
            .map(() => `${type.name}.${field.name}`),
        ),
      );
    expect(named).toEqual(['Mutation.openTenant']);
    expect.hasAssertions();
  });

  it('get their deliveries from their own sources only', async () => {
    const { entries } = await ana.must<{ entries: { nodes: { sequence: string }[] } }>(
      '{ entries(last: 1) { nodes { sequence } } }',
    );
    const before = entries.nodes[0]?.sequence;
    const tokenOfGail = await service.token('gail@globex');
    const response = await fetch(`${service.url}/api/v1/lineage`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${tokenOfGail}`,
        'x-tenant': 'acme',
      },
      body: JSON.stringify({
        eventType: 'START',
        eventTime: '2026-11-21T08:00:00Z',
        run: { runId: '01a1fd4a-8566-71da-8f77-24b11afa1e1a' },
        job: { namespace: 'n', name: 'j' },
        producer: 'https://example.org',
        schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
      }),
    });
    expect(response.status).toBe(202);
    const after = await ana.must<{ entries: { nodes: { sequence: string }[] } }>(
      '{ entries(last: 1) { nodes { sequence } } }',
    );
    expect(after.entries.nodes[0]?.sequence).toBe(before);
  });
});

/** Every id, cursor and name in an answer. */
function collect(answer: unknown): { ids: string[]; cursors: string[]; names: string[] } {
  const found = { ids: [] as string[], cursors: [] as string[], names: [] as string[] };
  const walk = (value: unknown, key: string): void => {
    if (Array.isArray(value)) value.forEach((one) => walk(one, key));
    else if (typeof value === 'object' && value !== null) {
      for (const [name, one] of Object.entries(value)) walk(one, name);
    } else if (typeof value === 'string') {
      if (key === 'cursor') found.cursors.push(value);
      else if (
        [
          'id',
          'subject',
          'canonical',
          'leafHash',
          'payloadDigest',
          'evidenceDigest',
          'rootHash',
          'origin',
          'note',
          'proof',
          'webhookUrl',
        ].includes(key)
      )
        found.ids.push(value);
      else if (['name', 'sourceUri', 'runId'].includes(key)) found.names.push(value);
    }
  };
  walk(answer, '');
  // What every tenant has alike says nothing about one of them.
  const common = new Set(['system:countersign', 'unknown', 'tenant', 'policy', 'ledger']);
  return {
    ids: found.ids.filter((id) => id.length >= 16 && !common.has(id)),
    cursors: found.cursors,
    names: found.names.filter((name) => name.length >= 8),
  };
}

function leaked(
  text: string,
  { ids, names }: { ids: string[]; cursors: string[]; names: string[] },
): string[] {
  return [...ids, ...names].filter((secret) => text.includes(secret));
}

/** An answer without what differs by nature. */
function shape(text: string, id: string): string {
  return text.replaceAll(id, '<id>').replaceAll(/"requestId":"[^"]+"/g, '"requestId":""');
}
