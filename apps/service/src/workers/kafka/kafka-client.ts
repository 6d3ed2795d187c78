import kafkajs, { type Kafka, type KafkaConfig as ClientConfig } from 'kafkajs';
import { calmRequestQueue } from './calm-request-queue.js';
import type { IntakeLog } from './intake-log.js';

/** How to reach a cluster. The shape of libs/config's KafkaConfig without its topics. */
export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
}

/** A kafkajs client that writes to our log and does not spin while idle. */
export function createKafka(connection: KafkaConnection, log: IntakeLog, retries = 8): Kafka {
  calmRequestQueue();
  const { brokers, sasl, ssl } = connection;
  return new kafkajs.Kafka({
    clientId: 'countersign',
    brokers: [...brokers],
    ssl,
    ...(sasl === null ? {} : { sasl: sasl as NonNullable<ClientConfig['sasl']> }),
    connectionTimeout: 5_000,
    retry: { initialRetryTime: 300, maxRetryTime: 10_000, retries },
    logLevel: kafkajs.logLevel.WARN,
    logCreator:
      () =>
      ({ level, log: entry, namespace }) => {
        const { message, stack: _stack, timestamp: _timestamp, ...fields } = entry;
        // kafkajs calls what it is about to retry an error; what it gives up on comes as a CRASH event.
        const write = level <= kafkajs.logLevel.WARN ? 'warn' : 'info';
        log[write]({ ...fields, part: `kafkajs ${namespace}` }, message);
      },
  });
}
