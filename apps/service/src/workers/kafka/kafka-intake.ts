import type {
  EventIntake,
  IntakeBatch,
  IntakeHandler,
  IntakeRecord,
  TopicBinding,
} from '@countersign/ingest';
import { AppError, isAppError } from '@countersign/kernel';
import type {
  Consumer,
  ConsumerCrashEvent,
  ConsumerGroupJoinEvent,
  EachBatchPayload,
  Kafka,
  KafkaMessage,
} from 'kafkajs';
import { isBrokerAway, isLasting, whileBrokerAway } from './broker-away.js';
import type { IntakeLog } from './intake-log.js';
import { createKafka, type KafkaConnection } from './kafka-client.js';

export interface KafkaIntakeOptions {
  readonly connection: KafkaConnection;
  /** Each topic once. */
  readonly bindings: readonly TopicBinding[];
  readonly handler: Pick<IntakeHandler, 'handle' | 'storedOffsets'>;
  readonly log: IntakeLog;
  /** Called once when the intake has stopped for good; the process must not live on as if it read. */
  readonly onFatal: (error: AppError) => void;
  /** Members of one group share the partitions. Default `countersign`. */
  readonly groupId?: string;
  /** After this long without a sign of life the broker gives a member's partitions to others. Default 30 s. */
  readonly sessionTimeoutMs?: number;
  /** Partitions that are recorded at once. Default 3. */
  readonly concurrency?: number;
  /** How often a connection is tried again before start gives up. Default 8, about a minute. */
  readonly retries?: number;
}

/** Between readings of the offsets that other members recorded. */
const REFRESH_MS = 5_000;
const BACKOFF_MS = { first: 500, max: 30_000 };
/** Starts in a row without a fetch, after crashes that say nothing of the broker, before the intake gives up. */
const MAX_RESTARTS = 8;
/** What trying again cannot mend. */
const FATAL_CODES = ['OFFSET_BEYOND_END', 'NOT_FOUND'] as const;

/**
 * Reads topics with kafkajs. The ledger's database decides what is recorded: a batch and its next offset are one
 * transaction, and the offsets that the group commits on the broker are for lag monitors only.
 */
export class KafkaIntake implements EventIntake {
  readonly #options: KafkaIntakeOptions;
  readonly #kafka: Kafka;
  readonly #consumer: Consumer;
  readonly #bindings: ReadonlyMap<string, TopicBinding>;
  /** What is recorded, by `topic/partition`, as last seen; behind at worst, and then the transaction skips. */
  readonly #offsets = new Map<string, bigint>();
  readonly #waiting = new Set<NodeJS.Timeout>();
  #refresh: NodeJS.Timeout | undefined;
  /** Since the broker last answered a fetch. */
  #restarts = 0;
  #ended = false;

  constructor(options: KafkaIntakeOptions) {
    this.#options = options;
    this.#bindings = new Map(options.bindings.map((binding) => [binding.topic, binding]));
    this.#kafka = createKafka(options.connection, options.log, options.retries);
    this.#consumer = this.#kafka.consumer({
      groupId: options.groupId ?? 'countersign',
      allowAutoTopicCreation: false,
      sessionTimeout: options.sessionTimeoutMs ?? 30_000,
      maxBytesPerPartition: 1024 * 1024,
      maxBytes: 8 * 1024 * 1024,
      maxWaitTimeInMs: 1_000,
      retry: { initialRetryTime: 300, maxRetryTime: 10_000, retries: 8 },
    });
  }

  /**
   * Reads from here on. A broker that goes away meanwhile is waited for. Throws KAFKA_UNREACHABLE, UNKNOWN_TOPIC or
   * OFFSET_BEYOND_END with a sentence for the operator.
   */
  async start(): Promise<void> {
    await this.#loadOffsets();
    this.#listen();
    await whileBrokerAway(
      async () => {
        await this.#checkTopics();
        await this.#consumer.connect();
        await this.#consumer.subscribe({ topics: [...this.#bindings.keys()], fromBeginning: true });
      },
      {
        tries: this.#options.retries ?? 8,
        backoffMs: BACKOFF_MS,
        onRetry: (error) => {
          this.#warn(error, 'the broker went away during the start; trying again');
        },
      },
    ).catch((error: unknown) => {
      throw error instanceof AppError ? error : unreachable(this.#options.connection, error);
    });
    await this.#run();
    this.#refresh = setInterval(() => this.#reloadOffsets(), REFRESH_MS);
    this.#refresh.unref();
  }

  #listen(): void {
    const { CRASH, FETCH, GROUP_JOIN, REBALANCING } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, (event) => {
      this.#seek(event);
    });
    this.#consumer.on(FETCH, () => {
      this.#restarts = 0;
    });
    this.#consumer.on(REBALANCING, () => {
      this.#reloadOffsets();
    });
    this.#consumer.on(CRASH, (event) => {
      this.#crashed(event);
    });
  }

  #run(): Promise<void> {
    return this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.concurrency ?? 3,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  async stop(): Promise<void> {
    this.#ended = true;
    clearInterval(this.#refresh);
    for (const timer of this.#waiting) clearTimeout(timer);
    await this.#consumer.disconnect();
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { partition, topic } = batch;
    const binding = this.#bindings.get(topic);
    if (binding === undefined || batch.isEmpty()) return;
    try {
      await this.#record(binding, payload);
      this.#failures.delete(`${topic}/${partition}`);
    } catch (error) {
      if (isAppError(error) && FATAL_CODES.some((code) => error.code === code)) {
        this.#fatal(error);
        return;
      }
      this.#backOff(topic, partition, error);
    }
  }

  async #record(binding: TopicBinding, payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { partition, topic } = batch;
    const { nextOffset } = await this.#options.handler.handle(binding, toIntakeBatch(batch));
    this.#offsets.set(`${topic}/${partition}`, nextOffset);
    const last = batch.messages.at(-1);
    // Resolving the last message that was shown also moves past control records behind it.
    if (last !== undefined) payload.resolveOffset(last.offset);
    if (nextOffset > BigInt(batch.lastOffset()) + 1n) {
      // Another member recorded more: go on where it stopped.
      this.#consumer.seek({ topic, partition, offset: String(nextOffset) });
    }
    await payload
      .commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition, offset: String(nextOffset) }] }],
      })
      .catch((error: unknown) => this.#warn(error, 'the group offset was not committed'));
  }

  /** Synchronous, before the first fetch of the assignment: anything awaited here would race with it. */
  #seek(event: ConsumerGroupJoinEvent): void {
    for (const [topic, partitions] of Object.entries(event.payload.memberAssignment)) {
      for (const partition of partitions) {
        const offset = this.#offsets.get(`${topic}/${partition}`) ?? 0n;
        this.#consumer.seek({ topic, partition, offset: String(offset) });
      }
    }
  }

  readonly #failures = new Map<string, number>();

  /** The store is away or full: leave the partition alone for a while. Nothing was resolved, so it comes again. */
  #backOff(topic: string, partition: number, error: unknown): void {
    const key = `${topic}/${partition}`;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delayMs = Math.min(BACKOFF_MS.first * 2 ** (failures - 1), BACKOFF_MS.max);
    this.#warn(error, `a batch of ${key} was not recorded; trying again in ${delayMs} ms`);
    const where = [{ topic, partitions: [partition] }];
    this.#consumer.pause(where);
    this.#later(delayMs, () => {
      this.#consumer.resume(where);
    });
  }

  async #loadOffsets(): Promise<void> {
    for (const binding of this.#bindings.values()) {
      const stored = await this.#options.handler.storedOffsets(binding);
      for (const [partition, offset] of stored) {
        const key = `${binding.topic}/${partition}`;
        const known = this.#offsets.get(key) ?? 0n;
        if (offset > known) this.#offsets.set(key, offset);
      }
    }
  }

  #reloadOffsets(): void {
    void this.#loadOffsets().catch((error: unknown) => this.#warn(error, 'offsets were not read'));
  }

  /** kafkajs reads from the beginning when it is told to seek beyond the end, without a word. */
  async #checkTopics(): Promise<void> {
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      const existing = new Set(await admin.listTopics());
      for (const topic of this.#bindings.keys()) {
        if (!existing.has(topic)) throw unknownTopic(topic);
        for (const { high, partition } of await admin.fetchTopicOffsets(topic)) {
          const stored = this.#offsets.get(`${topic}/${partition}`) ?? 0n;
          if (BigInt(high) < stored) throw madeAgain(topic, partition, high, stored);
        }
      }
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  #crashed(event: ConsumerCrashEvent): void {
    const { error, restart } = event.payload;
    if (restart || this.#ended) {
      this.#warn(error, 'the consumer stopped and starts again');
      return;
    }
    this.#recover(error);
  }

  /** Starts the consumer again, where that may help. */
  #recover(error: unknown): void {
    if (isBrokerAway(error) || (!isLasting(error) && this.#restarts < MAX_RESTARTS)) {
      this.#startAgain(error);
    } else {
      this.#fatal(stopped(error));
    }
  }

  /** kafkajs gives up at what it does not know to pass, such as a broker that was away when it looked for the coordinator. */
  #startAgain(error: unknown): void {
    const delayMs = Math.min(BACKOFF_MS.first * 2 ** this.#restarts, BACKOFF_MS.max);
    this.#restarts += 1;
    this.#warn(error, `the consumer stopped; starting it again in ${delayMs} ms`);
    this.#later(delayMs, () => {
      this.#consumer
        .connect()
        .then(() => this.#run())
        .catch((again: unknown) => {
          this.#recover(again);
        });
    });
  }

  #later(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      if (!this.#ended) work();
    }, delayMs);
    this.#waiting.add(timer);
  }

  #fatal(error: AppError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#refresh);
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#options.onFatal(error);
  }

  #warn(error: unknown, message: string): void {
    this.#options.log.warn({ err: error }, message);
  }
}

function toIntakeBatch(batch: EachBatchPayload['batch']): IntakeBatch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    highWatermark: BigInt(batch.highWatermark),
    records: batch.messages.map(toRecord),
  };
}

function toRecord(message: KafkaMessage): IntakeRecord {
  const headers = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) {
      headers.set(name.toLowerCase(), typeof last === 'string' ? Buffer.from(last) : last);
    }
  }
  return { offset: BigInt(message.offset), value: message.value, headers };
}

function unreachable(connection: KafkaConnection, cause: unknown): AppError {
  return new AppError('KAFKA_UNREACHABLE', {
    publicMessage: `Kafka does not answer at ${connection.brokers.join(', ')}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'Check KAFKA_BROKERS and KAFKA_SASL_*, or unset KAFKA_BROKERS to run without Kafka.',
    cause,
  });
}

function stopped(cause: unknown): AppError {
  const { message, name } = cause instanceof Error ? cause : new Error(String(cause));
  return new AppError('INTAKE_STOPPED', {
    publicMessage: `Reading from Kafka stopped for good: ${message}`,
    hint:
      name === 'KafkaJSNotImplemented'
        ? 'A producer compresses with snappy, lz4 or zstd. Set its compression.type to gzip or none.'
        : 'Nothing was lost: reading goes on at the next start from the last recorded message.',
    cause,
  });
}

function unknownTopic(topic: string): AppError {
  return new AppError('UNKNOWN_TOPIC', {
    publicMessage: `Kafka has no topic named ${topic}.`,
    hint: 'Create the topic, or take it out of KAFKA_TOPICS.',
  });
}

function madeAgain(topic: string, partition: number, high: string, stored: bigint): AppError {
  return new AppError('OFFSET_BEYOND_END', {
    publicMessage: `Topic ${topic}, partition ${partition} ends at offset ${high}, but ${stored} was recorded already: the topic was deleted and made again.`,
    hint: 'Read the new topic under another name, so that its messages get keys of their own.',
  });
}
