import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { Cleanup } from './support/cleanup.js';
import { Installation } from './support/installation.js';
import {
  binary,
  cloudEventKey,
  mlflowBody,
  structured,
  tagEvents,
  type EventMessage,
} from './support/events.js';
import {
  deliveryOf,
  doubled,
  evidenceOf,
  readLedger,
  verifyLedger,
  type Ledger,
  type LedgerEntry,
} from './support/ledger.js';
import { broker, kafka } from './support/rigs.js';
import { allowSnappy, Topics } from './support/topics.js';
import { until } from './support/until.js';

const EVENTS = 'interop.events';
const NATIVE = 'interop.native';
const FOREIGN = 'interop.foreign';

/** Waiting when the consumer starts: more than one transaction for each of three partitions. */
const BACKLOG = 6_000;
/** Sent while the broker goes away twice. */
const STREAM = 3_000;
const BATCH = 50;

(kafka === undefined ? describe.skip : describe)('events from a real Kafka broker', () => {
  const cleanup = new Cleanup();
  let installation: Installation;
  let topics: Topics;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    topics = cleanup.add(await Topics.connect(), (it) => it.disconnect());
    await topics.create(EVENTS, 3);
    await topics.create(NATIVE, 1);
    await topics.create(FOREIGN, 1);
    installation = cleanup.add(await Installation.create('kafka-intake'), (it) => it.close());
    await installation.start();
    const tara = installation.person('tara@acme');
    for (const [kind, name, topic] of [
      ['CLOUDEVENTS', 'events', EVENTS],
      ['MLFLOW', 'native', NATIVE],
      ['CLOUDEVENTS', 'foreign', FOREIGN],
    ]) {
      await tara.ask(
        'mutation ($input: CreateSourceInput!) { createSource(input: $input) { source { id } } }',
        { input: { kind, name, topic } },
      );
    }
    environment = {
      KAFKA_BROKERS: kafka?.bootstrap,
      KAFKA_TOPICS: `${EVENTS},${NATIVE}=acme/native,${FOREIGN}`,
    };
    await installation.stop();
    await installation.start(environment);
  });
  afterAll(() => cleanup.run());

  const ledger = (): Promise<Ledger> => readLedger(installation.person('ana@acme'));
  const of = ({ entries }: Ledger, source: string): LedgerEntry[] =>
    entries.filter((entry) => entry.source === source);

  /** What the ledger's database says was read, by `topic/partition`. */
  async function storedOffsets(): Promise<Record<string, string>> {
    const client = new pg.Client({ connectionString: installation.database.ownerUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ place: string; next_offset: string }>(
        `SELECT topic || '/' || partition AS place, next_offset::text FROM kafka_offset`,
      );
      return Object.fromEntries(rows.map((row) => [row.place, row.next_offset]));
    } finally {
      await client.end();
    }
  }

  /** Everything that the broker holds in these topics was read. */
  async function caughtUp(...names: string[]): Promise<void> {
    await until(
      'the intake to have read everything',
      async () => ({ ends: await topics.ends(...names), stored: await storedOffsets() }),
      ({ ends, stored }) =>
        Object.entries(ends).every(([place, end]) => (stored[place] ?? '0') === end),
      { timeoutMs: 150_000, everyMs: 250 },
    );
  }

  it('records each shape once, and what it cannot read as quarantined, in the order of the partition', async () => {
    const created = mlflowBody('registered_model', 'created', {
      name: 'by-stream',
      tags: { domain: 'credit' },
      description: 'Över Kafka',
    });
    const versionless = { name: 'by-stream', alias: 'champion' };
    const alias = structured(
      'countersign.model_alias.set',
      { ...versionless, version: '1' },
      'id 2/ü',
    );
    await topics.send(
      EVENTS,
      [
        binary('mlflow.registered_model.created', created, 'id-1'),
        alias,
        { value: null },
        { value: Buffer.from([0xff, 0xfe, 0x00]) },
        { value: '{"specversion":"1.0","specversion":"1.0"}', headers: alias.headers ?? {} },
        binary('mlflow.registered_model.created', '{"entity":', 'id-5'),
        structured('example.not.ours', {}),
        structured('countersign.model_alias.set', versionless),
        alias,
      ].map((message) => ({ ...message, partition: 0 })),
    );
    const native = mlflowBody('model_version_alias', 'created', { ...versionless, version: '01' });
    await topics.send(NATIVE, [
      { value: native },
      { value: null },
      { value: 'no JSON' },
      { value: native },
    ]);
    await caughtUp(EVENTS, NATIVE);

    const found = await ledger();
    const shown = (source: string): unknown[] =>
      of(found, source).map((entry) => [
        entry.type,
        entry.payload.data['reason'] ?? deliveryOf(entry),
      ]);
    expect(shown('cloudevents/events')).toEqual([
      ['registered_model.created', cloudEventKey('id-1')],
      ['model_alias.set', cloudEventKey('id 2/ü')],
      ['delivery.quarantined', 'TOMBSTONE'],
      ['delivery.quarantined', 'NOT_A_CLOUDEVENT'],
      ['delivery.quarantined', 'NOT_STRICT_JSON'],
      ['delivery.quarantined', 'NOT_STRICT_JSON'],
      ['delivery.quarantined', 'UNKNOWN_EVENT_TYPE'],
      ['delivery.quarantined', 'UNEXPECTED_VALUE'],
    ]);
    expect(shown('mlflow/native')).toEqual([
      ['model_alias.set', `kafka:${NATIVE}/0/0`],
      ['delivery.quarantined', 'TOMBSTONE'],
      ['delivery.quarantined', 'NOT_STRICT_JSON'],
      ['model_alias.set', `kafka:${NATIVE}/0/3`],
    ]);
    expect(evidenceOf(of(found, 'mlflow/native')[0]!).toString('utf8')).toBe(native);
    expect(evidenceOf(of(found, 'cloudevents/events')[1]!).toString('utf8')).toBe(alias.value);
    const [first] = of(found, 'cloudevents/events');
    expect(first).toMatchObject({ basis: 'REPORTED', actor: { id: 'unknown' } });
    const { quarantine } = await installation
      .person('ana@acme')
      .ask('{ quarantine(first: 100) { nodes { reason } } }');
    expect(quarantine.nodes).toHaveLength(8);
  });

  it('records each event exactly once through kill -9 of the service and of the broker', async () => {
    const backlog = tagEvents(0, BACKLOG);
    const stream = tagEvents(BACKLOG, STREAM);
    await installation.stop();
    for (let at = 0; at < BACKLOG; at += 500)
      await topics.send(EVENTS, backlog.slice(at, at + 500));

    installation.launch(environment);
    const before = await storedOffsets();
    const moved = await until(
      'the first transaction of the backlog',
      storedOffsets,
      (stored) => JSON.stringify(stored) !== JSON.stringify(before),
      { everyMs: 5, timeoutMs: 150_000 },
    );
    await installation.kill();
    const ends = await topics.ends(EVENTS);
    expect(Object.keys(ends).filter((place) => moved[place] !== ends[place])).not.toEqual([]);
    await installation.start(environment);

    let sent = 0;
    const sending = (async () => {
      for (; sent < STREAM; sent += BATCH)
        await topics.send(EVENTS, stream.slice(sent, sent + BATCH));
    })();
    const past = (part: number): Promise<unknown> =>
      until(
        'the stream to go on',
        () => sent,
        (count) => count > STREAM * part,
        { everyMs: 5 },
      );
    await past(0.2);
    await broker('stop');
    await broker('start');
    await past(0.5);
    await broker('kill');
    await broker('start');
    await sending;
    await caughtUp(EVENTS, NATIVE);

    const found = await ledger();
    const keys = found.entries.map(deliveryOf);
    expect(doubled(keys)).toEqual([]);
    const bodies = new Map(found.entries.map((entry, index) => [keys[index], entry]));
    const wrong = [...backlog, ...stream].filter(
      ({ delivery, value }: EventMessage) =>
        evidenceOf(bodies.get(delivery) ?? ({ evidence: null } as LedgerEntry)).toString('utf8') !==
        value,
    );
    expect(wrong).toEqual([]);
    expect(await verifyLedger(installation, found)).toMatchObject({ ok: true });
    const { status } = await installation.cli('verify', '--live', '--tenant', 'acme');
    expect(status).toBe(0);
  });

  it('ends with a plain sentence at a codec it cannot read, and goes on without that topic', async () => {
    allowSnappy();
    const event = tagEvents(BACKLOG + STREAM, 1);
    await topics.send(FOREIGN, event, kafkajs.CompressionTypes.Snappy);
    expect((await installation.ended()).code).toBe(1);
    const log = readFileSync(installation.logFile, 'utf8');
    expect(log).toContain('Reading from Kafka stopped for good');
    expect(log).toContain('Set its compression.type to gzip or none.');

    await installation.start({ ...environment, KAFKA_TOPICS: EVENTS });
    await topics.send(EVENTS, event, kafkajs.CompressionTypes.GZIP);
    await caughtUp(EVENTS);
    const keys = (await ledger()).entries.map(deliveryOf);
    expect(keys.filter((key) => key === event[0]?.delivery)).toHaveLength(1);
  });
});
