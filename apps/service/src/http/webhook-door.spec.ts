import { connect } from 'node:net';
import { once } from 'node:events';
import type { Principal } from '@countersign/identity';
import { AppError } from '@countersign/kernel';
import { createIngestRig, type IngestRig } from '../../../../test/support/ingest-rig.js';
import { openDoors, post, type Answer, type Doors } from '../../../../test/support/doors.js';
import { signedHeaders } from '../../../../test/support/mlflow-session.js';
import { Admission } from './admission.js';

const SECRET = 'a-secret-of-the-test';
const NOW = new Date('2026-11-21T12:00:00Z');
const event = (data: object, kind = 'model_version_alias.created'): string => {
  const [entity, action] = kind.split('.');
  return JSON.stringify({ entity, action, timestamp: '2026-11-21T11:59:59.123456+00:00', data });
};
const ALIAS = { name: 'card-fraud', alias: 'champion', version: '1' };

describe('POST /webhooks/{sourceId}', () => {
  let rig: IngestRig;
  let doors: Doors;
  let principal: Principal;
  let sourceId: string;
  let next = 0;
  const newId = (): string => `delivery-${(next += 1)}`;

  beforeAll(async () => {
    rig = await createIngestRig(NOW);
    doors = await openDoors(rig);
    principal = await rig.tenant('acme');
    const made = await rig.sources.create(principal, {
      kind: 'MLFLOW',
      name: 'demo',
      secret: SECRET,
    });
    sourceId = made.source.id;
  });
  afterAll(async () => {
    await doors.app.close();
    await rig.close();
  });

  const deliver = async (
    body: Uint8Array | string,
    options: {
      id?: string;
      at?: Date;
      secret?: string;
      headers?: Record<string, string>;
      to?: string;
    } = {},
  ): Promise<Answer> => {
    const { at = NOW, headers = {}, id = newId(), secret = SECRET, to = sourceId } = options;
    return post(`${doors.url}/webhooks/${to}`, body, {
      ...signedHeaders(secret, body, id, at),
      ...headers,
    });
  };
  const entryCount = async (): Promise<number> => (await rig.entries(principal.tenantId)).length;
  const newest = async () => (await rig.entries(principal.tenantId)).at(-1)!;

  it('answers 202 with the sequence, and the same again for the same delivery', async () => {
    const first = await deliver(event(ALIAS), { id: 'twice' });
    expect(first.status).toBe(202);
    expect(first.headers.get('content-type')).toContain('application/json');
    expect(first.body).toEqual({ sequence: expect.stringMatching(/^\d+$/), duplicate: false });
    const again = await deliver(event(ALIAS), { id: 'twice' });
    expect(again.status).toBe(202);
    expect(again.body).toEqual({ ...first.body, duplicate: true });
  });

  it('answers 409 to other content under a used id, and keeps both', async () => {
    const first = await deliver(event(ALIAS), { id: 'reused' });
    const other = event({ ...ALIAS, version: '2' });
    const conflict = await deliver(other, { id: 'reused' });
    expect(conflict.status).toBe(409);
    expect(conflict.headers.get('content-type')).toContain('application/problem+json');
    expect(conflict.body).toMatchObject({
      code: 'DELIVERY_CONFLICT',
      hint: expect.any(String),
      firstSequence: first.body.sequence,
    });
    const entry = await newest();
    expect(entry.type).toBe('delivery.conflict');
    expect(Buffer.from(entry.evidence!.bytes).toString('utf8')).toBe(other);
    const count = await entryCount();
    expect((await deliver(other, { id: 'reused' })).status).toBe(409);
    expect(await entryCount()).toBe(count);
  });

  const unauthentic: [string, () => Promise<Answer>, string][] = [
    [
      'no signature',
      async () => post(`${doors.url}/webhooks/${sourceId}`, event(ALIAS)),
      'SIGNATURE_MISSING',
    ],
    [
      'another secret',
      async () => deliver(event(ALIAS), { secret: 'a-guess-of-a-stranger' }),
      'SIGNATURE_INVALID',
    ],
    [
      'a signature over other bytes',
      async () =>
        post(
          `${doors.url}/webhooks/${sourceId}`,
          event(ALIAS),
          signedHeaders(SECRET, '{}', newId(), NOW),
        ),
      'SIGNATURE_INVALID',
    ],
    [
      'a stale time stamp',
      async () => deliver(event(ALIAS), { at: new Date(NOW.getTime() - 301_000) }),
      'TIMESTAMP_STALE',
    ],
    [
      'a time stamp ahead',
      async () => deliver(event(ALIAS), { at: new Date(NOW.getTime() + 301_000) }),
      'TIMESTAMP_STALE',
    ],
    [
      'a malformed signature',
      async () => deliver(event(ALIAS), { headers: { 'x-mlflow-signature': 'sha256=00' } }),
      'SIGNATURE_MALFORMED',
    ],
  ];
  it.each(unauthentic)(
    'answers 401 to %s and keeps nothing but a count',
    async (_name, send, code) => {
      const before = await entryCount();
      const answer = await send();
      expect(answer.status).toBe(401);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.headers.get('www-authenticate')).toBe('HMAC-SHA256');
      expect(answer.body).toMatchObject({ status: 401, code, hint: expect.any(String) });
      expect(await entryCount()).toBe(before);
      expect(doors.counted.at(-1)).toBe('webhooks unauthentic');
    },
  );

  it('gives an unknown id, no id and another kind of door the same 404', async () => {
    const answers = await Promise.all(
      ['6b1f6c0e-0000-4000-8000-000000000000', 'no-id', `${sourceId}x`, '%00', '..%2f'].map((to) =>
        deliver(event(ALIAS), { to }),
      ),
    );
    for (const { body, status } of answers) {
      expect(status).toBe(404);
      expect(body).toEqual(answers[0]?.body);
    }
    expect(answers[0]?.body).toMatchObject({ code: 'NOT_FOUND', hint: expect.any(String) });
  });

  it('answers 413 to a body of 2 MiB', async () => {
    const answer = await deliver(Buffer.alloc(2 * 1024 * 1024, 0x20));
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', hint: expect.any(String) });
  });

  const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const hostile: [string, Uint8Array | string, string][] = [
    ['no bytes', '', 'NOT_STRICT_JSON'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'NOT_STRICT_JSON'],
    ['a byte order mark', `\ufeff${event(ALIAS)}`, 'NOT_STRICT_JSON'],
    [
      'duplicate keys',
      event(ALIAS).replace('"entity"', '"entity":"prompt","entity"'),
      'NOT_STRICT_JSON',
    ],
    [
      'a depth of 1,000',
      event({ ...ALIAS, x: 0 }).replace('"x":0', `"x":${deep(1000)}`),
      'NOT_STRICT_JSON',
    ],
    [
      'a lone surrogate',
      event({ ...ALIAS, alias: 'x' }).replace('"x"', '"\\ud800"'),
      'NOT_STRICT_JSON',
    ],
    ['__proto__', event({ ...ALIAS, x: 0 }).replace('"x":0', '"__proto__":{}'), 'NOT_STRICT_JSON'],
    ['a NUL', event({ ...ALIAS, alias: 'x' }).replace('"x"', '"\\u0000"'), 'NOT_STRICT_JSON'],
    ['cut JSON', event(ALIAS).slice(0, -1), 'NOT_STRICT_JSON'],
    ['an empty object', '{}', 'NOT_AN_EVENT'],
    ['an array', '[]', 'NOT_AN_EVENT'],
    ['null', 'null', 'NOT_AN_EVENT'],
    ['an unknown kind', event(ALIAS, 'model_version.deleted'), 'UNKNOWN_EVENT_TYPE'],
    [
      'a kind that is a property of every object',
      event(ALIAS, 'constructor.name'),
      'UNKNOWN_EVENT_TYPE',
    ],
    ['no entity', '{"action":"created","data":{}}', 'MISSING_FIELD'],
    ['no data', '{"entity":"prompt","action":"created"}', 'MISSING_FIELD'],
    ['no alias', event({ name: 'card-fraud', version: '1' }), 'MISSING_FIELD'],
    ['a version that is an object', event({ ...ALIAS, version: {} }), 'UNEXPECTED_VALUE'],
    [
      'a name too long for a subject',
      event({ ...ALIAS, name: '模'.repeat(256) }),
      'SUBJECT_TOO_LONG',
    ],
  ];
  it.each(hostile)('keeps %s in quarantine with its bytes', async (_name, body, reason) => {
    const answer = await deliver(body);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ quarantined: expect.any(String), reason });
    const entry = await newest();
    expect(entry).toMatchObject({
      type: 'delivery.quarantined',
      payload: { data: { quarantineId: answer.body.quarantined, reason } },
    });
    expect(Buffer.compare(entry.evidence!.bytes, Buffer.from(body as string))).toBe(0);
  });

  it('answers a repeated quarantined delivery with the first id', async () => {
    const first = await deliver('{}', { id: 'poison' });
    const count = await entryCount();
    const again = await deliver('{}', { id: 'poison' });
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(202);
    expect(await entryCount()).toBe(count);
  });

  it('takes numbers beyond 2^53 and versions that do not exist as they are', async () => {
    const big = event({ ...ALIAS, version: '9007199254740993', extra: 0 }).replace(
      '"extra":0',
      '"extra":9007199254740993',
    );
    expect((await deliver(big)).status).toBe(202);
    const entry = await newest();
    expect(entry).toMatchObject({
      type: 'model_alias.set',
      payload: { data: { version: '9007199254740993' } },
    });
  });

  it('keeps a version in one spelling and what the caller wrote', async () => {
    await deliver(event({ ...ALIAS, version: '01' }));
    expect((await newest()).payload['data']).toEqual({ ...ALIAS, rawVersion: '01' });
  });

  it('goes on after a request that breaks off in the middle of its body', async () => {
    const { port, hostname } = new URL(doors.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `POST /webhooks/${sourceId} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"enti`,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect((await deliver(event(ALIAS))).status).toBe(202);
    await rig.sources.close();
    const deadline = Date.now() + 5_000;
    while (doors.admission.bytes > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(doors.admission.bytes).toBe(0);
  });

  it('answers 503 with Retry-After when the queue is full, when the store is away, and when too much is in flight', async () => {
    const failing = (error: Error) =>
      Object.assign(Object.create(rig.ingest) as typeof rig.ingest, {
        accept: () => Promise.reject(error),
      });
    const broken = await openDoors(rig, {
      ingest: failing(new Error('connection refused at 10.0.0.7')),
    });
    const away = await openDoors(rig, {
      ingest: failing(new AppError('UNAVAILABLE', { publicMessage: 'The store does not answer.' })),
    });
    const full = await openDoors(rig, {
      ingest: Object.assign(Object.create(rig.ingest) as typeof rig.ingest, {
        accept: async () => ({ kind: 'overloaded', retryAfterSeconds: 3 }) as const,
      }),
    });
    const flooded = await openDoors(rig, { admission: new Admission(100) });
    const all = [broken, away, full, flooded];
    const answers: Answer[] = [];
    for (const { url } of all) {
      const body = event(ALIAS);
      answers.push(
        await post(`${url}/webhooks/${sourceId}`, body, signedHeaders(SECRET, body, newId(), NOW)),
      );
    }
    await Promise.all(all.map(({ app }) => app.close()));
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.body).toMatchObject({
        code: expect.stringMatching(/UNAVAILABLE|OVERLOADED/),
        hint: expect.any(String),
      });
      expect(JSON.stringify(answer.body)).not.toContain('10.0.0.7');
    }
  });
});
