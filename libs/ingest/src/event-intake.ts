/** One message of a partitioned log, as Kafka keeps it. Values and headers are bytes; nothing is decoded yet. */
export interface IntakeRecord {
  readonly offset: bigint;
  readonly value: Uint8Array | null;
  /** Lower-case names; of repeated headers the last. */
  readonly headers: ReadonlyMap<string, Uint8Array>;
}

/** Consecutive messages of one partition, oldest first. */
export interface IntakeBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IntakeRecord[];
  /** The offset that the partition's next message will get, as far as the broker said. */
  readonly highWatermark: bigint;
}

/** A topic and whose it is. */
export interface TopicBinding {
  readonly topic: string;
  readonly tenantId: string;
  readonly sourceId: string;
}

/**
 * Something that brings events in by itself, such as a Kafka consumer. Each record that it hands over is in the
 * ledger exactly once, however often it is delivered.
 */
export interface EventIntake {
  /** Resolves once it is subscribed. Rejects when it cannot start. */
  start(): Promise<void>;
  /** Waits for the batch in progress. */
  stop(): Promise<void>;
}
