import type { Config, KafkaConfig, KafkaTopic } from '@countersign/config';
import type { Database } from '@countersign/database';
import type { IdentityQueries } from '@countersign/identity';
import {
  IntakeHandler,
  type EventIntake,
  type IngestService,
  type SourceService,
} from '@countersign/ingest';
import { isAppError, type Clock } from '@countersign/kernel';
import type { Logger } from 'pino';

/** Between looks for the source of a topic that has none yet. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Starts the intake from Kafka where it is configured; without it kafkajs is never loaded. Each topic has a consumer
 * group of its own, so that one whose source is created later starts then, on every replica, without the others.
 */
export class KafkaStarter {
  constructor(
    private readonly config: Config,
    private readonly log: Logger,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly sources: SourceService,
    private readonly ingest: IngestService,
    private readonly identity: IdentityQueries,
  ) {}

  /** Null when Kafka is not configured. Rejects with a sentence when a topic that has its source cannot be read. */
  async start(onFatal: (error: unknown) => void): Promise<EventIntake | null> {
    const { kafka } = this.config;
    if (kafka === null) return null;
    if (kafka.topics.length === 0) {
      // Never all topics that sources name: whoever may create a source could then read any topic.
      this.log.warn('KAFKA_BROKERS is set and KAFKA_TOPICS is not: no topic is read');
      return null;
    }
    const intakes = new TopicIntakes(
      kafka.topics,
      (topic) => this.#intakeOf(kafka, topic, onFatal),
      this.log,
    );
    await intakes.start();
    return intakes;
  }

  /** The started intake of one topic. Rejects while nobody's source claims the topic. */
  async #intakeOf(
    connection: KafkaConfig,
    wanted: KafkaTopic,
    onFatal: (error: unknown) => void,
  ): Promise<EventIntake> {
    const { bindTopics, KafkaIntake } = await import('../workers/kafka/index.js');
    const { clock, database, ingest, log, sources } = this;
    const bindings = await bindTopics({
      topics: [wanted],
      tenants: await this.identity.tenants(),
      sources,
      read: (tenantId, work) => database.read(tenantId, work),
    });
    const handler = new IntakeHandler({
      database,
      recorder: ingest.recorder,
      sources,
      now: () => clock.now(),
    });
    const groupId = `countersign.${wanted.topic}`;
    const intake = new KafkaIntake({ connection, bindings, groupId, handler, log, onFatal });
    await intake.start();
    return intake;
  }
}

/** One intake per topic; those whose source does not exist yet are looked for again. */
class TopicIntakes implements EventIntake {
  readonly #running: EventIntake[] = [];
  #waiting: KafkaTopic[];
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(
    topics: readonly KafkaTopic[],
    private readonly open: (topic: KafkaTopic) => Promise<EventIntake>,
    private readonly log: Logger,
  ) {
    this.#waiting = [...topics];
  }

  async start(): Promise<void> {
    for (const topic of [...this.#waiting]) {
      try {
        await this.#tryOne(topic);
      } catch (error) {
        // No source yet: an installation has to run before anyone can create one.
        if (!isAppError(error, 'BAD_REQUEST')) throw error;
        this.log.warn({ topic: topic.topic, hint: error.hint }, error.publicMessage);
      }
    }
    this.#lookAgain();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#round;
    await Promise.all(this.#running.map((intake) => intake.stop()));
  }

  async #tryOne(topic: KafkaTopic): Promise<void> {
    this.#running.push(await this.open(topic));
    this.#waiting = this.#waiting.filter((other) => other !== topic);
  }

  #lookAgain(): void {
    if (this.#ended || this.#waiting.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#retry();
    }, LOOK_AGAIN_MS);
  }

  async #retry(): Promise<void> {
    for (const topic of [...this.#waiting]) {
      await this.#tryOne(topic).catch((error: unknown) => {
        if (isAppError(error, 'BAD_REQUEST')) return;
        this.log.error({ topic: topic.topic, err: error }, 'a Kafka topic cannot be read yet');
      });
    }
    this.#lookAgain();
  }
}
