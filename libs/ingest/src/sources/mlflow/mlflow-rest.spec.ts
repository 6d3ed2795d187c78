import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startReplayServer, type AliasMove } from '../../../../../test/support/replay.js';
import { CARD_FRAUD } from '../../../../../test/support/registry-rig.js';
import { MlflowRest } from './mlflow-rest.js';

/** A server with one behaviour, and a client of it. */
async function against<Result>(
  answer: RequestListener,
  work: (client: MlflowRest, url: string) => Promise<Result>,
  options: { timeoutMs?: number; answerBytesMax?: number; authorization?: string } = {},
): Promise<Result> {
  const server = createServer(answer);
  await new Promise<void>((started) => server.listen(0, '127.0.0.1', started));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await work(new MlflowRest({ baseUrl: url, ...options }), url);
  } finally {
    server.closeAllConnections();
    await new Promise((stopped) => server.close(stopped));
  }
}

const json =
  (text: string, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };

describe('MlflowRest', () => {
  it('reads a version, a run and a model of a recorded server', async () => {
    const replay = await startReplayServer({ fixtures: CARD_FRAUD });
    const client = new MlflowRest({ baseUrl: replay.url });
    try {
      const version = await client.getModelVersion('card-fraud', '2');
      expect(version).toMatchObject({
        ok: true,
        mediaType: 'application/json',
        value: {
          runId: '80d47fabe9e04122bcc610d8d1a4fc36',
          stage: 'None',
          description: null,
          aliases: ['challenger'],
          createdAtMs: 1795250945629,
        },
      });
      const run = await client.getRun('a18f88cbfff54c62b6300adeb987ea49');
      expect(run).toMatchObject({
        ok: true,
        value: {
          userId: 'ana',
          metrics: [
            { key: 'auc', value: '0.7639' },
            { key: 'f1', value: '0.4167' },
            { key: 'accuracy', value: '0.7193' },
          ],
        },
      });
      const model = await client.getRegisteredModel('card-fraud');
      expect(model).toMatchObject({
        ok: true,
        value: { aliases: expect.arrayContaining([{ alias: 'champion', version: '1' }]) },
      });
      expect(await client.getModelVersion('card-fraud', '3')).toMatchObject({
        ok: false,
        code: 'NOT_FOUND',
        status: 404,
        detail: 'HTTP 404 RESOURCE_DOES_NOT_EXIST',
      });
      const runs = await client.search({
        of: 'experiments',
        body: { max_results: 1000, view_type: 'ALL' },
      });
      expect(runs.ok).toBe(true);
    } finally {
      await replay.stop();
    }
  });

  it('makes the recorded move, after which the registry answers as at the end', async () => {
    const moves: AliasMove[] = [];
    const replay = await startReplayServer({
      fixtures: CARD_FRAUD,
      onOperation: (move) => moves.push(move),
    });
    const client = new MlflowRest({ baseUrl: replay.url });
    try {
      expect(await client.setAlias('card-fraud', 'champion', '3')).toMatchObject({
        code: 'REFUSED',
      });
      expect(await client.setAlias('card-fraud', 'champion', '2')).toMatchObject({ ok: true });
      expect(moves).toEqual([{ name: 'card-fraud', alias: 'champion', version: '2' }]);
      expect(await client.getModelVersion('card-fraud', '3')).toMatchObject({ ok: true });
    } finally {
      await replay.stop();
    }
  });

  it('sends names as they are, with length, type and credentials', async () => {
    const seen: {
      method?: string;
      url?: string;
      headers: IncomingMessage['headers'];
      body: string;
    }[] = [];
    const record: RequestListener = (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => {
        const { headers, method = '', url = '' } = request;
        seen.push({ method, url, headers, body });
        response.end('{}');
      });
    };
    await against(
      record,
      async (client) => {
        await client.getRegisteredModel('käse & co?');
        await client.deleteAlias('m', 'champion');
        await client.transitionStage('m', '1', 'Production');
        await client.transitionStage('m', '1', 'Archived');
      },
      { authorization: 'Bearer token' },
    );
    expect(seen.map(({ body, method, url }) => [method, url, body])).toEqual([
      ['GET', '/api/2.0/mlflow/registered-models/get?name=k%C3%A4se+%26+co%3F', ''],
      ['DELETE', '/api/2.0/mlflow/registered-models/alias', '{"name":"m","alias":"champion"}'],
      [
        'POST',
        '/api/2.0/mlflow/model-versions/transition-stage',
        '{"name":"m","version":"1","stage":"Production","archive_existing_versions":true}',
      ],
      [
        'POST',
        '/api/2.0/mlflow/model-versions/transition-stage',
        '{"name":"m","version":"1","stage":"Archived","archive_existing_versions":false}',
      ],
    ]);
    for (const { body, headers } of seen) {
      expect(headers.authorization).toBe('Bearer token');
      // MLflow reads a chunked body as an empty one.
      if (body !== '') expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
    }
  });

  it.each([
    ['MALFORMED', json('{"model_version":{"name":"m"}}')],
    ['MALFORMED', json('{"model_version":1,"model_version":2}')],
    ['MALFORMED', json('<html>')],
    ['MALFORMED', json('[]')],
    ['MALFORMED', json(`{"pad":"${'x'.repeat(2_000)}"}`)],
    ['NOT_FOUND', json('{"error_code":"RESOURCE_DOES_NOT_EXIST"}', 400)],
    ['REFUSED', json('{"error_code":"PERMISSION_DENIED","message":"ana may not"}', 403)],
    ['REFUSED', json('gone wrong', 500)],
    [
      'REFUSED',
      (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
    ['UNREACHABLE', (request) => request.socket.destroy()],
    ['UNREACHABLE', () => undefined],
  ] satisfies [string, RequestListener][])('answers %s as a value', async (code, answer) => {
    const result = await against(answer, (client) => client.getModelVersion('m', '1'), {
      timeoutMs: 300,
      answerBytesMax: 1_000,
    });
    expect(result).toMatchObject({ ok: false, code });
    expect(JSON.stringify(result)).not.toContain('ana');
  });

  it('keeps integers beyond 2^53 exact', async () => {
    const answer = json('{"id":9007199254740993}');
    const result = await against(answer, (client) =>
      client.search({ of: 'registered-models', query: [['max_results', '1']] }),
    );
    expect(result).toMatchObject({ ok: true, value: { id: '9007199254740993' } });
  });

  it('keeps a static prefix', async () => {
    const paths: string[] = [];
    await against(
      (request, response) => {
        paths.push(request.url ?? '');
        response.end('{}');
      },
      async (_client, url) => new MlflowRest({ baseUrl: `${url}/mlf` }).getRun('r'),
    );
    expect(paths).toEqual(['/mlf/api/2.0/mlflow/runs/get?run_id=r']);
  });

  it.each(['', 'mlflow', 'ftp://h', 'file:///etc', 'http://u:p@h', 'http://h?x=1', 'http://h#x'])(
    'refuses the base URL %j',
    (baseUrl) => {
      expect(() => new MlflowRest({ baseUrl })).toThrow('BAD_REQUEST');
    },
  );
});
