import kafkajs from 'kafkajs';
import { IngestService, IntakeHandler, SourceService } from '@countersign/ingest';
import { systemClock } from '@countersign/kernel';
import { LedgerService } from '@countersign/ledger';
import { KafkaIntake } from '../../apps/service/src/workers/kafka/index.js';
import type { TestDatabase } from '../support/database.js';
import { testVault } from '../support/vault.js';
import { withKafkaBroker } from './support/kafka-broker.js';
import { interleavedPairs, type Contestant, type Timed } from './support/pairs.js';
import { withBenchDatabase } from './support/postgres.js';
import { printReport } from './support/report.js';
import { sizeArgument } from './support/sizes.js';

// Kafka to durable entries against kafkajs that reads the same topic and drops it. `events=`, `partitions=` and `pairs=`
// change the sizes.
const EVENTS = sizeArgument('events', 40_000);
const PARTITIONS = sizeArgument('partitions', 3);
const PAIRS = sizeArgument('pairs', 5);
const TOPIC = 'bench.registry';
const SEND_AT_ONCE = 1_000;
/** As KafkaIntake asks for them. */
const FETCH = { maxBytesPerPartition: 1024 * 1024, maxBytes: 8 * 1024 * 1024 };
const CONCURRENCY = 3;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let groups = 0;

/** Time from the moment the group is joined to the last event done. */
class Stopwatch {
  readonly done: Promise<Timed>;
  #begin = 0n;
  #units = 0;
  #resolve!: (timed: Timed) => void;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  begin(): void {
    this.#begin = process.hrtime.bigint();
  }

  count(units: number): void {
    this.#units += units;
    if (this.#units < EVENTS) return;
    this.#resolve({
      units: this.#units,
      seconds: Number(process.hrtime.bigint() - this.#begin) / 1e9,
    });
  }
}

/** MLflow's registry events as its topic has them, about 250 bytes each. */
async function fill(bootstrap: string): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const producer = client.producer({ createPartitioner, allowAutoTopicCreation: false });
  await producer.connect();
  for (let sent = 0; sent < EVENTS; sent += SEND_AT_ONCE) {
    const messages = Array.from({ length: Math.min(SEND_AT_ONCE, EVENTS - sent) }, (_, at) => ({
      partition: (sent + at) % PARTITIONS,
      value: eventOf(sent + at),
    }));
    await producer.send({ topic: TOPIC, messages, acks: -1 });
  }
  await producer.disconnect();
}

function eventOf(n: number): string {
  return JSON.stringify({
    entity: 'model_version_tag',
    action: 'set',
    timestamp: '2026-11-20T08:00:00.000Z',
    data: {
      name: `model-${n % 500}`,
      version: String(1 + (n % 7)),
      key: 'validation.accuracy',
      value: `0.${n} measured by the nightly evaluation run on the holdout set`,
    },
  });
}

function dropped(bootstrap: string): Contestant {
  return {
    name: 'kafkajs',
    work: async () => {
      const client = new kafkajs.Kafka({
        brokers: [bootstrap],
        logLevel: kafkajs.logLevel.NOTHING,
      });
      const consumer = client.consumer({ groupId: `raw-${(groups += 1)}`, ...FETCH });
      const watch = new Stopwatch();
      await consumer.connect();
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: CONCURRENCY,
        eachBatch: ({ batch }) => {
          watch.count(batch.messages.length);
          return Promise.resolve();
        },
      });
      watch.begin();
      const timed = await watch.done;
      await consumer.disconnect();
      return timed;
    },
  };
}

/** The intake as the service runs it, each time into the ledger of another tenant. */
function recorded(bootstrap: string, test: TestDatabase, ledger: LedgerService): Contestant {
  const { database } = test;
  const clock = systemClock;
  return {
    name: 'intake',
    work: async () => {
      const slug = `kafka-${(groups += 1)}`;
      const tenantId = await test.tenant(slug);
      await database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
      const sources = new SourceService({ database, ledger, clock });
      const { source } = await sources.create(
        {
          tenantId,
          tenantSlug: slug,
          id: 'svc:00000000-0000-4000-8000-000000000001',
          kind: 'service',
          displayName: 'Bench',
          issuer: 'bench',
          subject: 'bench',
          tokenExpiresAt: new Date('2099-01-01T00:00:00Z'),
        },
        { kind: 'MLFLOW', name: 'bench', topic: TOPIC },
      );
      const ingest = new IngestService({ database, ledger, clock, sources });
      const now = (): Date => clock.now();
      const handler = new IntakeHandler({ database, recorder: ingest.recorder, sources, now });
      const watch = new Stopwatch();
      const intake = new KafkaIntake({
        connection: { brokers: [bootstrap], ssl: false, sasl: null },
        bindings: [{ topic: TOPIC, tenantId, sourceId: source.id }],
        groupId: slug,
        concurrency: CONCURRENCY,
        handler: {
          storedOffsets: (binding) => handler.storedOffsets(binding),
          handle: async (binding, batch) => {
            const handled = await handler.handle(binding, batch);
            watch.count(handled.recorded.length);
            return handled;
          },
        },
        log: quiet,
        onFatal: (error) => {
          throw error;
        },
      });
      await intake.start();
      watch.begin();
      const timed = await watch.done;
      await intake.stop();
      await sources.close();
      return timed;
    },
  };
}

const result = await withKafkaBroker(async (bootstrap) => {
  await fill(bootstrap);
  return withBenchDatabase(async (test) => {
    const ledger = new LedgerService({
      vault: testVault(),
      database: test.database,
      clock: systemClock,
    });
    const pairs = await interleavedPairs(
      recorded(bootstrap, test, ledger),
      dropped(bootstrap),
      PAIRS,
    );
    await ledger.close();
    printReport(
      `Kafka, ${EVENTS} events in ${PARTITIONS} partitions, median of interleaved pairs of one run`,
      [
        {
          what: 'intake to durable / kafkajs, dropped',
          unit: 'events/s',
          goal: 0.35,
          result: pairs,
        },
      ],
    );
    return pairs;
  });
});
if (result === null) process.stdout.write('skipped: a real Kafka broker needs Java 17 and Maven\n');
