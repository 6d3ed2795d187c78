import kafkajs, { type Admin, type Message, type Producer } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafka as rig, required } from './rigs.js';
import { snappyOfLiterals } from './snappy.js';
import { until } from './until.js';

/** A producer and an administrator of the real broker. */
export class Topics {
  /** Sends that the broker did not acknowledge at once. */
  broken = 0;

  private constructor(
    private readonly admin: Admin,
    private readonly producer: Producer,
  ) {}

  static async connect(): Promise<Topics> {
    const client = new kafkajs.Kafka({
      clientId: 'interop',
      brokers: [required(rig).bootstrap],
      logLevel: kafkajs.logLevel.NOTHING,
    });
    const admin = client.admin();
    const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
    const producer = client.producer({ createPartitioner, allowAutoTopicCreation: false });
    await admin.connect();
    await producer.connect();
    return new Topics(admin, producer);
  }

  async create(topic: string, numPartitions: number): Promise<void> {
    await this.admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
    await until(
      `topic ${topic}`,
      () => this.admin.fetchTopicMetadata({ topics: [topic] }),
      ({ topics }) => topics[0]?.partitions.every(({ leader }) => leader >= 0) === true,
    );
  }

  /** Sends until the broker has acknowledged, as a sender does that must not lose anything: at least once. */
  async send(
    topic: string,
    messages: Message[],
    compression?: kafkajs.CompressionTypes,
  ): Promise<void> {
    const how = compression === undefined ? {} : { compression };
    for (;;) {
      try {
        await this.producer.send({ topic, messages, acks: -1, ...how });
        return;
      } catch {
        this.broken += 1;
        await sleep(200);
      }
    }
  }

  /** By `topic/partition`: the offset that the next message will get. */
  async ends(...topics: string[]): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const topic of topics) {
      for (const { high, partition } of await this.admin.fetchTopicOffsets(topic)) {
        found[`${topic}/${partition}`] = high;
      }
    }
    return found;
  }

  async disconnect(): Promise<void> {
    await this.producer.disconnect();
    await this.admin.disconnect();
  }
}

/** Lets this process write Snappy batches, which kafkajs does not do by itself. */
export function allowSnappy(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.Snappy] = () => ({
    compress: (encoder: { buffer: Uint8Array }) =>
      Promise.resolve(snappyOfLiterals(encoder.buffer)),
  });
}
