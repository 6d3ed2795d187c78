import { IMPLEMENTATION_DEFINED, MUST_ACCEPT, MUST_REFUSE } from '../support/json-corpus.js';
import { startTestService, type TestService } from '../support/service.js';

/** The verdicts of libs/chain/src/json/parsing-suite.spec.ts, over HTTP. */
describe('the API reads JSON as the doors do', () => {
  let service: TestService;
  let token: string;
  beforeAll(async () => {
    service = await startTestService();
    token = await service.token('ana@acme');
  }, 60_000);
  afterAll(() => service.stop());

  /** The status when a text stands in the place of a variable. */
  async function status(text: Uint8Array): Promise<number> {
    const body = Buffer.concat([
      Buffer.from('{"query":"{ me { id } }","variables":{"unused":'),
      text,
      Buffer.from('}}'),
    ]);
    const response = await fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body,
    });
    await response.arrayBuffer();
    return response.status;
  }

  it('takes what every reader takes', async () => {
    for (const [name, text] of MUST_ACCEPT) expect([name, await status(text)]).toEqual([name, 200]);
  });

  it.each([
    ['what is no JSON', MUST_REFUSE],
    ['what readers understand differently', IMPLEMENTATION_DEFINED],
  ])('refuses %s', async (_name, corpus) => {
    for (const [name, text] of corpus) expect([name, await status(text)]).toEqual([name, 400]);
  });

  it('refuses a query that stands twice', async () => {
    const response = await fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{"query":"{ me { id } }","query":"{ me { displayName } }"}',
    });
    expect(response.status).toBe(400);
  });
});
