import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';
import { startTestService, type TestService } from '../support/service.js';

interface Event {
  readonly entryAppended: { readonly sequence: string; readonly type: string };
}

const QUERY = `subscription ($after: Sequence, $filter: EntryFilter) {
  entryAppended(afterSequence: $after, filter: $filter) { sequence type subject actor { displayName } }
}`;

describe('entryAppended', () => {
  let service: TestService;
  const clients: Client[] = [];

  beforeAll(async () => {
    service = await startTestService();
  }, 60_000);
  afterAll(async () => {
    for (const client of clients) await client.dispose();
    await service.stop();
  });

  const connect = (token: string | null, headers: Record<string, string> = {}): Client => {
    class WithHeaders extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers });
      }
    }
    const client = createClient({
      url: `${service.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WithHeaders,
      retryAttempts: 0,
      connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    clients.push(client);
    return client;
  };

  /** The first `count` events, or the error that ended the stream. */
  const take = async (
    client: Client,
    variables: Record<string, unknown>,
    count: number,
  ): Promise<Event['entryAppended'][]> => {
    const events: Event['entryAppended'][] = [];
    for await (const { data, errors } of client.iterate<Event>({ query: QUERY, variables })) {
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      if (data !== null && data !== undefined) events.push(data.entryAppended);
      if (events.length === count) break;
    }
    return events;
  };

  const createSource = async (name: string): Promise<void> => {
    const tara = await service.as('tara@acme');
    await tara.must(
      `mutation ($name: String!) { createSource(input: { kind: CLOUDEVENTS, name: $name }) { source { id } } }`,
      { name },
    );
  };

  it('gives every entry after a sequence, in order and once, and then the new ones', async () => {
    const client = connect(await service.token('ana@acme'));
    const ana = await service.as('ana@acme');
    const { entries } = await ana.must<{ entries: { nodes: { sequence: string }[] } }>(
      '{ entries(first: 100) { nodes { sequence } } }',
    );
    const known = entries.nodes.map(({ sequence }) => sequence);
    const expected = known.slice(3);
    const taken = take(client, { after: '2' }, expected.length + 1);
    await createSource('one');
    const events = await taken;
    expect(events.slice(0, -1).map(({ sequence }) => sequence)).toEqual(expected);
    expect(events.at(-1)).toMatchObject({ sequence: String(known.length), type: 'source.created' });
  });

  it('resumes where it was cut off, without gap or repetition', async () => {
    const token = await service.token('ana@acme');
    const first = await take(connect(token), { after: '0' }, 3);
    const last = first.at(-1)?.sequence ?? '';
    const second = await take(connect(token), { after: last }, 3);
    expect([...first, ...second].map(({ sequence }) => sequence)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
  });

  it('gives only what matches the filter', async () => {
    const client = connect(await service.token('ana@acme'));
    const taken = take(client, { filter: { types: ['source.*'] }, after: '0' }, 2);
    await createSource('two');
    const events = await taken;
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['source.created']));
  });

  it('gives another tenant nothing of it', async () => {
    const client = connect(await service.token('greg@globex'));
    const seen: string[] = [];
    const stop = client.subscribe<Event>(
      { query: QUERY, variables: {} },
      {
        next: ({ data }) => seen.push(data?.entryAppended.sequence ?? ''),
        error: () => undefined,
        complete: () => undefined,
      },
    );
    await createSource('three');
    const ana = connect(await service.token('ana@acme'));
    await take(ana, { filter: { types: ['source.*'] }, after: '0' }, 3);
    stop();
    expect(seen).toEqual([]);
  });

  it.each([
    ['no token', null, 'UNAUTHENTICATED'],
    ['a wrong token', 'x.y.z', 'UNAUTHENTICATED'],
  ])('refuses %s', async (_what, token, code) => {
    const failure = await take(connect(token), {}, 1).catch((error: unknown) =>
      JSON.stringify(error),
    );
    expect(failure).toContain(code);
  });

  it('refuses who may not read the ledger', async () => {
    const failure = await take(connect(await service.token('eli@acme')), {}, 1).catch(
      (error: unknown) => JSON.stringify(error),
    );
    expect(failure).toContain('FORBIDDEN');
  });

  it('refuses a document that does not hold, since the transport does not look', async () => {
    const client = connect(await service.token('ana@acme'));
    const iterate = async (): Promise<void> => {
      for await (const answer of client.iterate({
        query: 'subscription { entryAppended { nothing } }',
      })) {
        if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
      }
    };
    const failure = await iterate().catch((error: unknown) => JSON.stringify(error));
    expect(failure).toContain('BAD_REQUEST');
  });

  it('refuses a page of another site', async () => {
    const client = connect(await service.token('ana@acme'), { origin: 'https://evil.example' });
    await expect(take(client, {}, 1)).rejects.toBeDefined();
  });
});
