import { createRequire } from 'node:module';
import { AppError, asTenantId } from '@countersign/kernel';
import { isBrokerAway, isLasting, whileBrokerAway } from './broker-away.js';
import { calmRequestQueue, scheduleWhenNeeded } from './calm-request-queue.js';
import { KafkaIntake } from './kafka-intake.js';
import { bindTopics, type TopicBindingsOptions, type WantedTopic } from './topic-bindings.js';

describe('calmRequestQueue', () => {
  const queue = (pending: number, throttledUntil: number) => ({
    pending: Array.from({ length: pending }),
    throttledUntil,
    throttleCheckTimeoutId: null as NodeJS.Timeout | null,
    checked: 0,
    checkPendingRequests() {
      this.checked += 1;
    },
    scheduleCheckPendingRequests: scheduleWhenNeeded,
  });

  it('replaces the method of the pinned kafkajs', () => {
    calmRequestQueue();
    const require = createRequire(import.meta.url);
    const { prototype } = require('kafkajs/src/network/requestQueue') as {
      prototype: { scheduleCheckPendingRequests: unknown };
    };
    expect(prototype.scheduleCheckPendingRequests).toBe(scheduleWhenNeeded);
  });

  it('sets no timer while nothing waits and nothing throttles', () => {
    const idle = queue(0, 0);
    idle.scheduleCheckPendingRequests();
    expect(idle.throttleCheckTimeoutId).toBeNull();
  });

  it.each([
    ['a request waits', 1, 0],
    ['a throttle ends', 0, 20],
    ['both', 1, 20],
  ])('checks once when %s', async (_name, pending, throttledMs) => {
    const busy = queue(pending, throttledMs === 0 ? 0 : Date.now() + throttledMs);
    busy.scheduleCheckPendingRequests();
    busy.scheduleCheckPendingRequests();
    while (busy.checked === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(busy.checked).toBe(1);
    expect(busy.throttleCheckTimeoutId).toBeNull();
  });
});

describe('bindTopics', () => {
  const acme = { id: asTenantId('00000000-0000-4000-8000-00000000000a'), slug: 'acme' };
  const globex = { id: asTenantId('00000000-0000-4000-8000-00000000000b'), slug: 'globex' };
  const source = (tenantId: string, name: string, kind: string, topic: string | null) => ({
    tenantId,
    id: `${name} ${kind}`,
    name,
    kind,
    topic,
  });
  const rows = [
    source(acme.id, 'orders', 'CLOUDEVENTS', 'orders'),
    source(acme.id, 'orders', 'OPENLINEAGE', null),
    source(acme.id, 'demo', 'MLFLOW', null),
    source(acme.id, 'shared', 'CLOUDEVENTS', 'shared'),
    source(globex.id, 'shared', 'CLOUDEVENTS', 'shared'),
  ];
  const bind = (topic: WantedTopic) =>
    bindTopics({
      topics: [topic],
      tenants: [acme, globex],
      read: (tenantId, work) =>
        work({ tenantId, query: () => Promise.reject(new Error('unused')) }),
      sources: {
        byTopic: async (tx: { tenantId: string }, name: string) =>
          rows.find((row) => row.tenantId === tx.tenantId && row.topic === name) ?? null,
        byName: async (tx: { tenantId: string }, name: string) =>
          rows.filter((row) => row.tenantId === tx.tenantId && row.name === name),
      } as unknown as TopicBindingsOptions['sources'],
    });

  it('finds the source that was made with the topic', async () => {
    expect(await bind({ topic: 'orders', source: null })).toEqual([
      { topic: 'orders', tenantId: acme.id, sourceId: 'orders CLOUDEVENTS' },
    ]);
  });

  it('finds the source that is named, whatever topic it was made with', async () => {
    const [binding] = await bind({ topic: 't', source: { tenantSlug: 'acme', name: 'demo' } });
    expect(binding?.sourceId).toBe('demo MLFLOW');
    const [orders] = await bind({ topic: 't', source: { tenantSlug: 'acme', name: 'orders' } });
    expect(orders?.sourceId).toBe('orders CLOUDEVENTS');
  });

  it.each([
    [{ topic: 'nobody', source: null }, 'no source'],
    [{ topic: 'shared', source: null }, '2 sources'],
    [{ topic: 't', source: { tenantSlug: 'globex', name: 'demo' } }, 'no source'],
  ])('refuses %j with a sentence', async (topic, said) => {
    await expect(bind(topic)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      publicMessage: expect.stringContaining(said),
      hint: expect.any(String),
    });
  });
});

describe('a broker that goes away', () => {
  type KafkaError = new (message: unknown, more?: object) => Error;
  const errors = createRequire(import.meta.url)('kafkajs/src/errors') as Record<string, KafkaError>;
  const named = (name: string, ...given: [unknown, object?]): Error => {
    const Named = errors[name];
    if (Named === undefined) throw new Error(`kafkajs has no ${name} any more`);
    return new Named(...given);
  };
  const closed = (): Error => named('KafkaJSConnectionClosedError', 'Closed connection');

  /** Fails with each of the errors in turn, then succeeds; how often it was done, and what was told. */
  async function attempts(
    failures: readonly Error[],
    tries = 8,
  ): Promise<{ done: number; told: number; outcome: unknown }> {
    let done = 0;
    let told = 0;
    const outcome = await whileBrokerAway(
      () => {
        const error = failures[done++];
        return error === undefined ? Promise.resolve() : Promise.reject(error);
      },
      { tries, backoffMs: { first: 0, max: 0 }, onRetry: () => (told += 1) },
    ).catch((error: unknown) => error);
    return { done, told, outcome };
  }

  it.each([
    ['a closed connection', closed()],
    ['a refused one', named('KafkaJSConnectionError', 'connect ECONNREFUSED')],
    ['no coordinator', named('KafkaJSGroupCoordinatorNotFound', 'gone')],
    ['an answer that never came', named('KafkaJSRequestTimeoutError', 'late')],
    ['no leader yet', named('KafkaJSProtocolError', { message: 'no leader', retriable: true })],
    ['one of them inside of another', named('KafkaJSNonRetriableError', 'x', { cause: closed() })],
    ['an error without a name', new Error('Broker not connected')],
  ])('is waited for: %s', async (_what, error) => {
    expect(await attempts([error, error])).toEqual({ done: 3, told: 2, outcome: undefined });
    expect(isLasting(error)).toBe(false);
  });

  it('is given up after as many tries as were told', async () => {
    const failures = [closed(), closed(), closed(), closed()];
    expect(await attempts(failures, 2)).toEqual({ done: 3, told: 2, outcome: failures[2] });
  });

  it('is not waited for again when kafkajs has waited as long as it was told to', async () => {
    const error = named('KafkaJSNumberOfRetriesExceeded', closed(), {});
    expect(await attempts([error])).toEqual({ done: 1, told: 0, outcome: error });
    expect(isBrokerAway(error)).toBe(true);
  });

  it.each([
    ['a codec', named('KafkaJSNotImplemented', 'Snappy')],
    ['a password', named('KafkaJSSASLAuthenticationError', 'wrong')],
    [
      'what cannot be allowed',
      named('KafkaJSProtocolError', { message: 'authorization', retriable: false }),
    ],
    [
      'what we say ourselves',
      new AppError('UNKNOWN_TOPIC', { publicMessage: 'none', cause: closed() }),
    ],
  ])('is not the matter with %s', async (_what, error) => {
    expect(await attempts([error])).toEqual({ done: 1, told: 0, outcome: error });
    expect(isBrokerAway(error)).toBe(false);
  });
});

describe('KafkaIntake', () => {
  it('says in a sentence that no broker answers', async () => {
    const intake = new KafkaIntake({
      connection: { brokers: ['127.0.0.1:9'], ssl: false, sasl: null },
      bindings: [{ topic: 't', tenantId: 'x', sourceId: 'y' }],
      handler: {
        storedOffsets: async () => new Map(),
        handle: () => Promise.reject(new Error('unused')),
      },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      onFatal: () => undefined,
      retries: 0,
    });
    await expect(intake.start()).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      publicMessage: expect.stringContaining('127.0.0.1:9'),
    });
    await intake.stop();
  });
});
