import type { Database, SqlTx } from '@countersign/database';
import { UNKNOWN_ACTOR } from '@countersign/events';
import { AppError, asTenantId, mapInSlices } from '@countersign/kernel';
import type { IntakeBatch, IntakeRecord, TopicBinding } from './event-intake.js';
import type { Recorded } from './outcome.js';
import { notUnderstood } from './reading.js';
import type { Delivery, Recorder } from './recorder.js';
import { attributesOfKafka } from './sources/cloudevents/attributes.js';
import {
  CLOUDEVENT_MEDIA_TYPE,
  notACloudEvent,
  structuredFrom,
} from './sources/cloudevents/envelope.js';
import { readCloudEvent } from './sources/cloudevents/read-cloud-event.js';
import { readMlflow, readMlflowValue } from './sources/mlflow/read-mlflow.js';
import type { SourceService } from './source.service.js';
import type { Source } from './source.js';

export interface IntakeHandlerOptions {
  readonly database: Database;
  readonly recorder: Recorder;
  readonly sources: SourceService;
  readonly now: () => Date;
}

export interface HandledBatch {
  /** From here on the partition is to be read. */
  readonly nextOffset: bigint;
  /** One per record that was not there already. */
  readonly recorded: readonly Recorded[];
}

/** Bytes of one transaction: a batch may hold megabytes, and each statement carries it twice. */
const TRANSACTION_BYTES_MAX = 8 * 1024 * 1024;
const TRANSACTION_RECORDS_MAX = 1_000;

/**
 * Records batches of a partitioned log, each record once: entries and the partition's next offset move in one
 * transaction, whose lock on the offset row decides between two consumers of one partition. Knows no broker.
 *
 * Idempotency keys: a CloudEvent's own (`source`, `id`), so that it may come by HTTP as well; for everything else
 * `kafka:<topic>/<partition>/<offset>`.
 */
export class IntakeHandler {
  readonly #options: IntakeHandlerOptions;

  constructor(options: IntakeHandlerOptions) {
    this.#options = options;
  }

  /** Offsets that were recorded for a binding, by partition. A partition that is missing was never read. */
  async storedOffsets(binding: TopicBinding): Promise<Map<number, bigint>> {
    const rows = await this.#options.database.read(asTenantId(binding.tenantId), (tx) =>
      tx.query<{ partition: number; next_offset: bigint }>(
        `SELECT partition, next_offset FROM kafka_offset
         WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND topic = $3`,
        [tx.tenantId, binding.sourceId, binding.topic],
      ),
    );
    return new Map(rows.map((row) => [row.partition, row.next_offset]));
  }

  /**
   * Records what of the batch is not recorded yet. Throws OFFSET_BEYOND_END when the partition ends before the offset
   * that was recorded (the topic was made again), UNAVAILABLE when the store cannot say.
   */
  async handle(binding: TopicBinding, batch: IntakeBatch): Promise<HandledBatch> {
    let nextOffset = 0n;
    const recorded: Recorded[] = [];
    for (const records of chunks(batch.records)) {
      const part = await this.#handleChunk(binding, { ...batch, records });
      nextOffset = part.nextOffset;
      recorded.push(...part.recorded);
    }
    return { nextOffset, recorded };
  }

  async #handleChunk(binding: TopicBinding, batch: IntakeBatch): Promise<HandledBatch> {
    const { database, recorder, sources } = this.#options;
    const receivedAt = this.#options.now();
    return database.sqlTransaction(asTenantId(binding.tenantId), async (tx) => {
      const stored = await lockOffset(tx, binding, batch.partition);
      if (batch.highWatermark < stored) throw offsetBeyondEnd(batch, stored);
      const fresh = batch.records.filter(({ offset }) => offset >= stored);
      const last = fresh.at(-1);
      if (last === undefined) return { nextOffset: stored, recorded: [] };
      const source = await sources.byId(tx, binding.sourceId);
      if (source === null) throw unknownSource(binding);
      const nextOffset = last.offset + 1n;
      await tx.query(
        `UPDATE kafka_offset SET next_offset = $5::bigint
         WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND topic = $3 AND partition = $4::int`,
        [tx.tenantId, binding.sourceId, batch.topic, batch.partition, nextOffset],
      );
      const deliveries = await mapInSlices(fresh, (record) =>
        intakeDelivery(source, batch, record, receivedAt),
      );
      const recorded = await recorder.recordInTx(tx, deliveries);
      sources.activity.delivered(source);
      return { nextOffset, recorded };
    });
  }
}

/** Makes the row when the partition is new, and holds it until commit. */
async function lockOffset(tx: SqlTx, binding: TopicBinding, partition: number): Promise<bigint> {
  const key = [tx.tenantId, binding.sourceId, binding.topic, partition];
  await tx.query(
    `INSERT INTO kafka_offset (tenant_id, source_id, topic, partition, next_offset)
     VALUES ($1::uuid, $2::uuid, $3, $4::int, 0) ON CONFLICT DO NOTHING`,
    key,
  );
  const [row] = await tx.query<{ next_offset: bigint }>(
    `SELECT next_offset FROM kafka_offset
     WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND topic = $3 AND partition = $4::int FOR UPDATE`,
    key,
  );
  return row?.next_offset ?? 0n;
}

/** A record as a delivery: every record is one, a tombstone and poison too. */
export function intakeDelivery(
  source: Source,
  batch: Pick<IntakeBatch, 'topic' | 'partition'>,
  record: IntakeRecord,
  receivedAt: Date,
): Delivery {
  const position = `${batch.topic}/${batch.partition}/${record.offset}`;
  const base = {
    source,
    key: `kafka:${position}`,
    basis: 'reported', // the broker let the sender in; who that was, the message does not prove
    actor: UNKNOWN_ACTOR,
    receivedAt,
  } as const;
  if (record.value === null) {
    const reading = notUnderstood('TOMBSTONE', `The message at ${position} has no value.`);
    return { ...base, reading, bytes: new Uint8Array(), mediaType: 'application/octet-stream' };
  }
  const bytes = record.value;
  const input = { bytes, receivedAt, sourceId: source.id };
  if ((source.format ?? source.kind) === 'MLFLOW') {
    return { ...base, reading: readMlflow(input), bytes, mediaType: 'application/json' };
  }
  const attributes = attributesOfKafka(record.headers);
  if (isStructured(record)) return structured(base, bytes, input);
  if (attributes?.ok === true) {
    const event = structuredFrom(attributes.attributes, bytes);
    return structured(base, event, { ...input, bytes: event });
  }
  const what =
    attributes === null ? 'no ce_ header and no structured content type' : attributes.problem;
  return { ...base, reading: notACloudEvent(what), bytes, mediaType: 'application/octet-stream' };
}

function structured(
  base: Omit<Delivery, 'reading' | 'bytes' | 'mediaType'>,
  bytes: Uint8Array,
  input: Parameters<typeof readCloudEvent>[0],
): Delivery {
  const { delivery, reading } = readCloudEvent(input, readMlflowValue);
  return { ...base, key: delivery ?? base.key, reading, bytes, mediaType: CLOUDEVENT_MEDIA_TYPE };
}

function isStructured(record: IntakeRecord): boolean {
  const contentType = record.headers.get('content-type');
  return (
    contentType !== undefined &&
    /^application\/cloudevents/i.test(Buffer.from(contentType).toString('latin1'))
  );
}

function* chunks(records: readonly IntakeRecord[]): Generator<readonly IntakeRecord[]> {
  let chunk: IntakeRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.value?.byteLength ?? 0;
    const full = chunk.length >= TRANSACTION_RECORDS_MAX || bytes + size > TRANSACTION_BYTES_MAX;
    if (full && chunk.length > 0) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(record);
    bytes += size;
  }
  yield chunk;
}

function offsetBeyondEnd(batch: IntakeBatch, stored: bigint): AppError {
  return new AppError('OFFSET_BEYOND_END', {
    publicMessage: `Topic ${batch.topic}, partition ${batch.partition} ends at offset ${batch.highWatermark}, but ${stored} was recorded already: the topic was deleted and made again.`,
    hint: 'Read the new topic under another name, so that its messages get keys of their own.',
  });
}

function unknownSource(binding: TopicBinding): AppError {
  return new AppError('NOT_FOUND', {
    publicMessage: `Topic ${binding.topic} is bound to a source that does not exist.`,
    hint: 'Create the source, or change KAFKA_TOPICS.',
  });
}
