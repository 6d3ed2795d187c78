import type { Config } from '@countersign/config';
import type { Database } from '@countersign/database';
import type { IdentityQueries } from '@countersign/identity';
import {
  IntakeHandler,
  type EventIntake,
  type IngestService,
  type SourceService,
} from '@countersign/ingest';
import type { Clock } from '@countersign/kernel';
import type { Logger } from 'pino';

/** Starts the intake from Kafka where it is configured; without it kafkajs is never loaded. */
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

  /** Null when Kafka is not configured. Rejects with a sentence when it is and cannot be read. */
  async start(onFatal: (error: unknown) => void): Promise<EventIntake | null> {
    const { kafka } = this.config;
    if (kafka === null || kafka.topics.length === 0) return null;
    const { bindTopics, KafkaIntake } = await import('../workers/kafka/index.js');
    const { clock, database, ingest, log, sources } = this;
    const bindings = await bindTopics({
      topics: kafka.topics,
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
    const intake = new KafkaIntake({ connection: kafka, bindings, handler, log, onFatal });
    await intake.start();
    return intake;
  }
}
