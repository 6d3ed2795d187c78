import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Principal } from '@countersign/identity';
import { createIngestRig, type IngestRig } from '../../../../test/support/ingest-rig.js';
import { openDoors, post, type Answer, type Doors } from '../../../../test/support/doors.js';

const SPARK = join(process.cwd(), 'test', 'fixtures', 'spark-session');
const sparkEvents = readdirSync(SPARK)
  .filter((name) => /^\d+\.json$/.test(name))
  .sort()
  .map((name) => readFileSync(join(SPARK, name)));
const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8' };

describe('doors that take a token', () => {
  let rig: IngestRig;
  let doors: Doors;
  beforeAll(async () => {
    rig = await createIngestRig();
    doors = await openDoors(rig);
  });
  afterAll(async () => {
    await doors.app.close();
    await rig.close();
  });

  const caller = async (): Promise<{ principal: Principal; headers: Record<string, string> }> => {
    const principal = await rig.tenant();
    const token = `token-${principal.tenantSlug}`;
    doors.tokens.set(token, principal);
    return { principal, headers: { authorization: `Bearer ${token}` } };
  };
  const send = (path: string, body: Uint8Array | string, headers: Record<string, string>) =>
    post(`${doors.url}${path}`, body, headers);
  const recordedOf = async (principal: Principal) =>
    (await rig.entries(principal.tenantId)).filter(({ type }) => type !== 'source.created');

  it.each(['/api/v1/lineage', '/api/v1/lineage/batch', '/events'])(
    'refuses %s without a token, with a wrong one, and without the right',
    async (path) => {
      const { headers, principal } = await caller();
      const wrong: (readonly [Record<string, string>, number, string])[] = [
        [{}, 401, 'UNAUTHENTICATED'],
        [{ authorization: 'Basic YTpi' }, 401, 'UNAUTHENTICATED'],
        [{ authorization: 'Bearer forged' }, 401, 'UNAUTHENTICATED'],
      ];
      for (const action of ['lineage.write', 'events.write'])
        doors.denied.add(`${principal.id} ${action}`);
      for (const [sent, status, code] of [...wrong, [headers, 403, 'FORBIDDEN'] as const]) {
        const answer = await send(path, '{}', sent);
        expect(answer.status).toBe(status);
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
        expect(answer.body).toMatchObject({ code, hint: expect.any(String) });
        if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
      expect(await rig.entries(principal.tenantId)).toHaveLength(0);
    },
  );

  describe('POST /api/v1/lineage', () => {
    it('keeps every event of a Spark session once, byte for byte, plain or compressed', async () => {
      const { headers, principal } = await caller();
      for (const [index, body] of sparkEvents.entries()) {
        const compressed = index % 2 === 1;
        const answer = await send('/api/v1/lineage', compressed ? gzipSync(body) : body, {
          ...headers,
          ...JSON_TYPE,
          ...(compressed ? { 'content-encoding': 'gzip' } : {}),
        });
        expect(answer.status).toBe(202);
        expect(answer.body).toEqual({ sequence: expect.any(String), duplicate: false });
      }
      const entries = await recordedOf(principal);
      expect(entries).toHaveLength(157);
      for (const [index, entry] of entries.entries()) {
        expect(Buffer.compare(entry.evidence!.bytes, sparkEvents[index]!)).toBe(0);
        expect(entry).toMatchObject({
          type: 'lineage.run_event',
          source: 'openlineage/spark',
          basis: 'authenticated',
          actor: { id: principal.id },
        });
      }
      // The client's one retry sends the same bytes.
      const again = await send('/api/v1/lineage', sparkEvents[3]!, { ...headers, ...JSON_TYPE });
      expect(again.body).toEqual({ sequence: String(entries[3]!.sequence), duplicate: true });
    });

    it.each([
      ['not JSON', 'spark says hello', 'NOT_STRICT_JSON'],
      ['an empty object', '{}', 'NOT_AN_EVENT'],
      ['no run id', '{"run":{},"job":{"namespace":"n","name":"j"}}', 'MISSING_FIELD'],
      [
        'neither run, job nor dataset',
        '{"eventTime":"2026-11-21T08:09:00.7Z"}',
        'UNKNOWN_EVENT_TYPE',
      ],
    ])('keeps %s in quarantine', async (_name, body, reason) => {
      const { headers, principal } = await caller();
      const answer = await send('/api/v1/lineage', body, { ...headers, ...JSON_TYPE });
      expect(answer.status).toBe(202);
      expect(answer.body).toEqual({ quarantined: expect.any(String), reason });
      expect((await recordedOf(principal))[0]?.source).toBe('openlineage/default');
    });

    it('takes job and dataset events, a nonsense time and a foreign producer', async () => {
      const { headers, principal } = await caller();
      const events = [
        {
          job: { namespace: 'n', name: 'j' },
          eventTime: 'yesterday',
          producer: 'https://x/integration/../etc',
        },
        { dataset: { namespace: 'n', name: 'd/e' }, eventTime: '2026-11-21T08:09:00.7Z' },
      ];
      for (const event of events) {
        const answer = await send('/api/v1/lineage', JSON.stringify(event), {
          ...headers,
          ...JSON_TYPE,
        });
        expect(answer.status).toBe(202);
      }
      const [job, dataset] = await recordedOf(principal);
      expect(job).toMatchObject({
        type: 'lineage.static_event',
        subject: 'job/n/j',
        source: 'openlineage/default',
      });
      expect(job?.occurredAt).toEqual(rig.clock.now());
      expect(dataset).toMatchObject({ subject: 'dataset/n/d%2Fe' });
      expect(dataset?.occurredAt.toISOString()).toBe('2026-11-21T08:09:00.700Z');
    });

    it('refuses what decompresses beyond the limit, and encodings that it does not read', async () => {
      const { headers } = await caller();
      const bomb = gzipSync(Buffer.alloc(9 * 1024 * 1024, 0x20));
      const tooLarge = await send('/api/v1/lineage', bomb, {
        ...headers,
        'content-encoding': 'gzip',
      });
      expect([tooLarge.status, tooLarge.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
      const brotli = await send('/api/v1/lineage', '{}', { ...headers, 'content-encoding': 'br' });
      expect([brotli.status, brotli.body.code]).toEqual([415, 'UNSUPPORTED_ENCODING']);
    });

    it('keeps bytes in quarantine that claim to be gzip and are not', async () => {
      const { headers } = await caller();
      const answer = await send('/api/v1/lineage', 'no gzip', {
        ...headers,
        'content-encoding': 'gzip',
      });
      expect(answer.body).toMatchObject({ reason: 'NOT_STRICT_JSON' });
    });
  });

  describe('POST /api/v1/lineage/batch', () => {
    it('answers one object per event, in order, and keeps each event as it was sent', async () => {
      const { headers, principal } = await caller();
      const [one, two] = [sparkEvents[0]!.toString('utf8'), sparkEvents[1]!.toString('utf8')];
      const answer = await send('/api/v1/lineage/batch', `[${one} , {"x":1.0},\n${two}, ${one}]`, {
        ...headers,
        ...JSON_TYPE,
      });
      expect(answer.status).toBe(202);
      expect(answer.body).toEqual([
        { sequence: expect.any(String), duplicate: false },
        { quarantined: expect.any(String), reason: 'UNKNOWN_EVENT_TYPE' },
        { sequence: expect.any(String), duplicate: false },
        { sequence: answer.body[0].sequence, duplicate: true },
      ]);
      const bytes = (await recordedOf(principal)).map(({ evidence }) =>
        Buffer.from(evidence!.bytes).toString(),
      );
      expect(bytes).toEqual([one, '{"x":1.0}', two]);
    });

    it('answers an empty batch with nothing and a broken one with one quarantined delivery', async () => {
      const { headers } = await caller();
      expect((await send('/api/v1/lineage/batch', '[]', headers)).body).toEqual([]);
      expect((await send('/api/v1/lineage/batch', '[{"a":1},', headers)).body).toEqual([
        { quarantined: expect.any(String), reason: 'NOT_STRICT_JSON' },
      ]);
    });

    it('refuses a batch of too many events whole', async () => {
      const { headers, principal } = await caller();
      const answer = await send(
        '/api/v1/lineage/batch',
        `[${Array(1001).fill('{"a":1}').join()}]`,
        headers,
      );
      expect([answer.status, answer.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
      expect(await recordedOf(principal)).toHaveLength(0);
    });
  });

  describe('POST /events', () => {
    const alias = { name: 'card-fraud', alias: 'champion', version: '2' };
    const envelope = (extra: object = {}): Record<string, unknown> => ({
      specversion: '1.0',
      id: 'e-1',
      source: 'https://registry.example/models',
      type: 'countersign.model_alias.set',
      time: '2026-11-21T10:00:00.5Z',
      data: alias,
      ...extra,
    });
    const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
    const expected = {
      type: 'model_alias.set',
      source: 'cloudevents/default',
      subject: 'model/card-fraud/alias/champion',
      basis: 'authenticated',
      actor: { id: 'unknown' },
      payload: { data: alias },
    };
    const sendEvent = async (
      body: Uint8Array | string,
      headers: Record<string, string>,
    ): Promise<{ answer: Answer; principal: Principal }> => {
      const { headers: token, principal } = await caller();
      return { answer: await send('/events', body, { ...token, ...headers }), principal };
    };

    it('reads structured mode', async () => {
      const body = JSON.stringify(envelope());
      const { answer, principal } = await sendEvent(body, structured);
      expect(answer.body).toEqual({ sequence: expect.any(String), duplicate: false });
      const [entry] = await recordedOf(principal);
      expect(entry).toMatchObject(expected);
      expect(entry?.occurredAt.toISOString()).toBe('2026-11-21T10:00:00.500Z');
      expect(Buffer.from(entry!.evidence!.bytes).toString('utf8')).toBe(body);
    });

    it('reads binary mode, and keeps attributes and data together as evidence', async () => {
      const { answer, principal } = await sendEvent(JSON.stringify(alias), {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': 'e%2d1',
        'ce-source': 'https://registry.example/models',
        'ce-type': 'countersign.model_alias.set',
        'ce-time': '2026-11-21T10:00:00Z',
        'ce-comexampleextension': 'Euro%20%E2%82%AC',
      });
      expect(answer.status).toBe(202);
      const [entry] = await recordedOf(principal);
      expect(entry).toMatchObject(expected);
      const kept = JSON.parse(Buffer.from(entry!.evidence!.bytes).toString('utf8'));
      expect(kept).toMatchObject({
        id: 'e-1',
        comexampleextension: 'Euro €',
        datacontenttype: 'application/json',
      });
      expect(Buffer.from(kept.data_base64, 'base64').toString('utf8')).toBe(JSON.stringify(alias));
    });

    it('reads batched mode and knows an event by source and id', async () => {
      const { headers } = await caller();
      const batch = { ...headers, 'content-type': 'application/cloudevents-batch+json' };
      const body = JSON.stringify([envelope(), envelope({ id: 'e-2' }), envelope()]);
      const first = await send('/events', body, batch);
      expect(first.body.map((one: { duplicate: boolean }) => one.duplicate)).toEqual([
        false,
        false,
        true,
      ]);
      const changed = JSON.stringify([envelope({ data: { ...alias, version: '3' } })]);
      expect((await send('/events', changed, batch)).body).toEqual([
        { code: 'DELIVERY_CONFLICT', firstSequence: first.body[0].sequence },
      ]);
    });

    it("reads MLflow's shape inside a CloudEvent", async () => {
      const data = { entity: 'model_version_alias', action: 'created', data: alias };
      const body = JSON.stringify(envelope({ type: 'mlflow.model_version_alias.created', data }));
      const { principal } = await sendEvent(body, structured);
      expect((await recordedOf(principal))[0]).toMatchObject(expected);
    });

    const wrong: [string, string, Record<string, string>, string][] = [
      ['no CloudEvent', '{}', { 'content-type': 'application/json' }, 'NOT_A_CLOUDEVENT'],
      [
        'another version',
        JSON.stringify(envelope({ specversion: '0.3' })),
        structured,
        'NOT_A_CLOUDEVENT',
      ],
      ['no id', JSON.stringify(envelope({ id: '' })), structured, 'NOT_A_CLOUDEVENT'],
      [
        'an unknown type',
        JSON.stringify(envelope({ type: 'com.example.order' })),
        structured,
        'UNKNOWN_EVENT_TYPE',
      ],
      [
        'a type of our own record',
        JSON.stringify(envelope({ type: 'countersign.role.granted' })),
        structured,
        'UNKNOWN_EVENT_TYPE',
      ],
      [
        'data beside its schema',
        JSON.stringify(envelope({ data: { name: 1 } })),
        structured,
        'UNEXPECTED_VALUE',
      ],
      [
        'a type that contradicts its data',
        JSON.stringify(envelope({ type: 'mlflow.prompt.created' })),
        structured,
        'UNEXPECTED_VALUE',
      ],
      [
        'broken percent-encoding',
        '{}',
        { 'ce-id': '%ff', 'ce-type': 't', 'ce-source': 's' },
        'NOT_A_CLOUDEVENT',
      ],
    ];
    it.each(wrong)('keeps %s in quarantine', async (_name, body, headers, reason) => {
      const { answer } = await sendEvent(body, headers);
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({ reason });
    });
  });
});
