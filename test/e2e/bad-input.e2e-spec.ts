import { createHmac } from 'node:crypto';
import { getIntrospectionQuery } from 'graphql';
import { generateKeyPair, SignJWT } from 'jose';
import { GraphqlClient } from '../support/graphql-client.js';
import { startTestService, type TestService } from '../support/service.js';

describe('bad input at the API', () => {
  let service: TestService;
  let ana: GraphqlClient;

  beforeAll(async () => {
    service = await startTestService();
    ana = await service.as('ana@acme');
  }, 60_000);
  afterAll(() => service.stop());

  const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  describe('tokens', () => {
    const ask = (
      token: string | null,
    ): Promise<{ code: string; hint: string | null; text: string }> =>
      new GraphqlClient(service.url, token).ask('{ me { id } }').then(({ errors, text }) => ({
        code: errors[0]?.extensions.code ?? 'none',
        hint: errors[0]?.extensions.hint ?? null,
        text,
      }));

    it('missing, malformed and cut ones are refused with a hint', async () => {
      const good = await service.token('ana@acme');
      for (const token of [
        null,
        'x',
        'a.b.c',
        good.slice(0, -3),
        `${good}x`,
        good.replace('.', ' .'),
      ]) {
        const { code, hint, text } = await ask(token);
        expect(code).toBe('UNAUTHENTICATED');
        expect(hint).not.toBeNull();
        expect(text).toContain('"data":null');
      }
    });

    it('forged, expired and foreign ones are refused', async () => {
      const good = await service.token('ana@acme');
      const [head = '', claims = '', signature = ''] = good.split('.');
      const decode = (part: string): Record<string, unknown> =>
        JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
      const encode = (value: object): string =>
        Buffer.from(JSON.stringify(value)).toString('base64url');
      const globex = `${head}.${encode({ ...decode(claims), tenant: 'globex' })}.${signature}`;
      const unsigned = `${encode({ ...decode(head), alg: 'none' })}.${claims}.`;
      const { privateKey } = await generateKeyPair('ES256');
      const header = { ...decode(head), alg: 'ES256' };
      const ownKey = await new SignJWT(decode(claims)).setProtectedHeader(header).sign(privateKey);
      const hmac = `${encode({ ...decode(head), alg: 'HS256' })}.${claims}`;
      const confused = `${hmac}.${createHmac('sha256', 'secret').update(hmac).digest('base64url')}`;
      const foreign = await new SignJWT({ ...decode(claims), iss: 'https://elsewhere.example' })
        .setProtectedHeader(header)
        .sign(privateKey);
      for (const token of [globex, unsigned, ownKey, confused, foreign]) {
        expect((await ask(token)).code).toBe('UNAUTHENTICATED');
      }
    });
  });

  it('every root field refuses whoever has no token', async () => {
    const fields = [
      'me { id }',
      'entries { nodes { id } }',
      'entry(sequence: "0") { id }',
      'checkpoint { size }',
      'consistencyProof(from: "0", to: "0")',
      'registeredModels { nodes { id } }',
      'registeredModel(name: "a") { id }',
      'modelVersion(model: "a", version: "1") { id }',
      'placements(model: "a", target: "alias:b") { target }',
      'promotionRequest(id: "a") { id }',
      'promotionRequests { nodes { id } }',
      'decide(input: { action: "ledger.read", object: "ledger" }) { allowed }',
      'roleGrants { nodes { id } }',
      'lineageNodes { nodes { id } }',
      'lineage(root: "a", direction: UPSTREAM) { root }',
      'sources { id }',
      'quarantine { nodes { id } }',
      'drifts { nodes { id } }',
    ];
    for (const field of fields) {
      expect([field, await service.anonymous.code(`{ ${field} }`)]).toEqual([
        field,
        'UNAUTHENTICATED',
      ]);
    }
    expect(
      await service.anonymous.code(
        'mutation { createSource(input: { kind: MLFLOW, name: "a" }) { secret } }',
      ),
    ).toBe('UNAUTHENTICATED');
  });

  it.each([
    ['a page of 0', '{ entries(first: 0) { nodes { id } } }'],
    ['a page of 101', '{ entries(first: 101) { nodes { id } } }'],
    ['a negative page', '{ registeredModels(first: -1) { nodes { id } } }'],
    ['first and last at once', '{ entries(first: 1, last: 1) { nodes { id } } }'],
    ['a sequence with a sign', '{ entry(sequence: "-1") { id } }'],
    ['a sequence that is no number', '{ entry(sequence: "1e3") { id } }'],
    ['a sequence beyond 64 bits', '{ entry(sequence: "9223372036854775808") { id } }'],
    [
      'a time without a zone',
      '{ entries(filter: { recordedFrom: "2026-11-21" }) { nodes { id } } }',
    ],
    ['a target of no kind', '{ placements(model: "a", target: "champion") { target } }'],
    ['a proof backwards', '{ consistencyProof(from: "2", to: "1") }'],
    ['a proof beyond the ledger', '{ consistencyProof(from: "1", to: "999999") }'],
    [
      'an action that is none',
      '{ decide(input: { action: "fly", object: "ledger" }) { allowed } }',
    ],
    ['an unknown field', '{ me { password } }'],
    ['no GraphQL at all', 'drop table entry'],
    ['a parsed document as JSON', '{"kind":"Document","definitions":[]}'],
    ['an empty document', ' '],
  ])('%s is refused with BAD_REQUEST', async (_what, query) => {
    const { errors, text } = await ana.ask(query);
    expect(errors[0]?.extensions.code).toBe('BAD_REQUEST');
    expect(errors[0]?.extensions.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(text).not.toMatch(/node_modules|at .*\.ts|SELECT |ledger_/);
  });

  it('a cursor of another list is refused with BAD_CURSOR', async () => {
    for (const after of ['x', 'bm90LWpzb24', Buffer.from('["a","b","c"]').toString('base64url')]) {
      expect(
        await ana.code(
          'query ($after: String) { entries(first: 1, after: $after) { nodes { id } } }',
          { after },
        ),
      ).toBe('BAD_CURSOR');
    }
  });

  it('an operation that is too deep is refused, and says how deep', async () => {
    const deep = `{ promotionRequests { nodes { modelVersion { model { versions { nodes { model { versions { nodes { model { versions { nodes { id } } } } } } } } } } } } }`;
    const { errors } = await ana.ask(deep);
    expect(errors[0]?.message).toMatch(/levels deep/);
  });

  it('an operation that costs too much is refused by its page sizes, in variables too', async () => {
    const query = `query ($n: Int) { registeredModels(first: $n) { nodes { versions(first: $n) { nodes { placements { entry { actor { displayName } } } } } } } }`;
    const { errors } = await ana.ask(query, { n: 100 });
    expect(errors[0]?.message).toMatch(/costs \d+/);
    // The same text with smaller pages passes, first interpreted and then compiled.
    for (let round = 0; round < 4; round += 1) {
      expect((await ana.ask(query, { n: 3 })).errors).toEqual([]);
    }
    expect((await ana.ask(query, { n: 100 })).errors[0]?.extensions.code).toBe('BAD_REQUEST');
  });

  it('in development anybody can read the schema, with the query page too, and neither asks another host', async () => {
    for (let round = 0; round < 3; round += 1) {
      expect((await service.anonymous.ask(getIntrospectionQuery())).errors).toEqual([]);
    }
    for (const path of ['/graphiql', '/graphiql/page.js', '/graphiql/page.css']) {
      const response = await fetch(service.url + path);
      expect(response.status).toBe(200);
      expect(await response.text()).not.toMatch(/https?:\/\//);
    }
  });

  it('two operations in one document are each run by their name', async () => {
    const query = 'query A { me { id } } query B { me { displayName } }';
    for (let round = 0; round < 3; round += 1) {
      for (const [operationName, field] of [
        ['A', 'id'],
        ['B', 'displayName'],
      ] as const) {
        const response = await post(JSON.stringify({ query, operationName }), {
          authorization: `Bearer ${ana.token ?? ''}`,
        });
        const { data } = (await response.json()) as { data: { me: object } };
        expect(Object.keys(data.me)).toEqual([field]);
      }
    }
  });

  it('a thousand aliases are refused', async () => {
    const query = `{ ${Array.from({ length: 1000 }, (_, n) => `a${n}: entry(sequence: "0") { id }`).join(' ')} }`;
    expect(await ana.code(query)).toBe('BAD_REQUEST');
  });

  it('a body beyond 256 KiB is refused with 413', async () => {
    const response = await post(JSON.stringify({ query: `{ me { id } } #${'x'.repeat(300_000)}` }));
    expect(response.status).toBe(413);
    expect(await response.text()).toContain('PAYLOAD_TOO_LARGE');
  });

  it('forms, GET and text are refused: a page of another site can send those', async () => {
    const query = '{ me { id } }';
    const answers = await Promise.all([
      fetch(`${service.url}/graphql?query=${encodeURIComponent(query)}`),
      fetch(`${service.url}/graphql`, { method: 'POST', body: new URLSearchParams({ query }) }),
      post(JSON.stringify({ query }), { 'content-type': 'text/plain' }),
      post(query, { 'content-type': 'application/graphql' }),
    ]);
    for (const answer of answers) expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  it('batches, __proto__ and broken JSON are refused, and the process goes on', async () => {
    for (const body of [
      '[{"query":"{ me { id } }"}]',
      '{"__proto__":{"a":1},"query":"{ me { id } }"}',
      '{',
      'null',
      '',
    ]) {
      const response = await post(body, { authorization: `Bearer ${ana.token ?? ''}` });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    }
    expect((await ana.ask('{ me { id } }')).errors).toEqual([]);
  });

  it('an address that is not there is a problem with code and hint', async () => {
    const response = await fetch(`${service.url}/nothing`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
      hint: expect.any(String) as string,
    });
  });
});
