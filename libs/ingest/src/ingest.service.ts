import {
  DEFAULT_LIMITS,
  OPEN_LINEAGE_LIMITS,
  parseStrictJson,
  sha256Hex,
} from '@countersign/chain';
import type { Database } from '@countersign/database';
import { UNKNOWN_ACTOR } from '@countersign/events';
import { actorOf, type Principal } from '@countersign/identity';
import { AppError, isAppError, type Clock } from '@countersign/kernel';
import { LedgerQueries, type LedgerService } from '@countersign/ledger';
import { jsonElements } from './json-elements.js';
import type { IngestOutcome, Overloaded, Recorded } from './outcome.js';
import type { QuarantinedRecord } from './quarantine-rows.js';
import { QuarantineReplay } from './quarantine-replay.js';
import { Recorder, type Delivery } from './recorder.js';
import { attributesOfHttp } from './sources/cloudevents/attributes.js';
import {
  CLOUDEVENT_MEDIA_TYPE,
  notACloudEvent,
  structuredFrom,
} from './sources/cloudevents/envelope.js';
import { readCloudEvent } from './sources/cloudevents/read-cloud-event.js';
import { readMlflow, readMlflowValue } from './sources/mlflow/read-mlflow.js';
import { checkMlflowSignature, type DeliveryHeaders } from './sources/mlflow/signature.js';
import { DEFAULT_PRODUCER, readOpenLineage } from './sources/openlineage/read-open-lineage.js';
import type { SourceService } from './source.service.js';
import type { ResolvedSource, Source } from './source.js';

export interface IngestServiceOptions {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly clock: Clock;
  readonly sources: SourceService;
  readonly queries?: LedgerQueries;
}

/** A request to a source's own door, as received. */
export interface WebhookDelivery {
  readonly source: ResolvedSource;
  readonly headers: DeliveryHeaders;
  readonly body: Uint8Array;
  readonly receivedAt: Date;
}

/** A request with a token, as received and decompressed. The caller has checked the principal's right. */
export interface TokenDelivery {
  readonly principal: Principal;
  readonly headers: DeliveryHeaders;
  readonly body: Uint8Array;
  readonly receivedAt: Date;
}

/** One answer per event, in order; `overloaded` means that nothing of it was recorded. */
export type BatchOutcome = readonly Recorded[] | Overloaded;

/** Events of one batch. */
export const BATCH_EVENTS_MAX = 1_000;

/** Name of the tenant's source for CloudEvents that come by HTTP. */
export const HTTP_EVENTS_SOURCE = 'default';

/**
 * Where events come in. Bytes are judged (signature or token), read by the source's adapter and recorded; what it
 * resolves with is durable. Throws UNAVAILABLE when the store cannot say whether it took them: the sender repeats,
 * and the idempotency key settles it.
 */
export class IngestService {
  readonly recorder: Recorder;
  readonly #sources: SourceService;
  readonly #clock: Clock;
  readonly #database: Database;
  readonly #replay: QuarantineReplay;

  constructor(options: IngestServiceOptions) {
    const { clock, database, ledger, sources } = options;
    this.recorder = new Recorder(database, ledger);
    this.#sources = sources;
    this.#clock = clock;
    this.#database = database;
    const queries = options.queries ?? new LedgerQueries();
    this.#replay = new QuarantineReplay({ clock, database, ledger, queries, sources });
  }

  /** A signed delivery to a source's own door. */
  async accept(delivery: WebhookDelivery): Promise<IngestOutcome> {
    const { body, headers, receivedAt } = delivery;
    const { secrets, source } = delivery.source;
    const check = checkMlflowSignature(headers, body, secrets, this.#clock.now());
    if (!check.ok) {
      this.#sources.activity.refused(source.id, check.refusal.code);
      return check.refusal;
    }
    return this.#record({
      source,
      key: check.deliveryId,
      basis: 'signed',
      actor: UNKNOWN_ACTOR, // no MLflow event names one
      reading: readMlflow({ bytes: body, receivedAt, sourceId: source.id }),
      bytes: body,
      mediaType: mediaTypeOf(headers, 'application/json'),
      receivedAt,
    });
  }

  /** One OpenLineage event. The same bytes are the same delivery: Java's client repeats them once on 503 and 429. */
  async acceptLineage(delivery: TokenDelivery): Promise<Recorded | Overloaded> {
    return this.#record(await this.#lineage(delivery, delivery.body));
  }

  /** A JSON array of OpenLineage events, kept all or none. Throws PAYLOAD_TOO_LARGE beyond BATCH_EVENTS_MAX. */
  async acceptLineageBatch(delivery: TokenDelivery): Promise<BatchOutcome> {
    const parsed = parseStrictJson(delivery.body, OPEN_LINEAGE_LIMITS);
    const elements =
      parsed.ok && Array.isArray(parsed.value) ? split(delivery.body) : [delivery.body];
    const deliveries: Delivery[] = [];
    for (const bytes of elements) deliveries.push(await this.#lineage(delivery, bytes));
    return this.#recordAll(deliveries);
  }

  /** A CloudEvent in binary or structured mode. */
  async acceptEvent(delivery: TokenDelivery): Promise<Recorded | Overloaded> {
    const source = await this.#eventSource(delivery.principal);
    return this.#record(cloudEvent(delivery, source, delivery.body));
  }

  /** CloudEvents in batched mode, kept all or none. Throws PAYLOAD_TOO_LARGE beyond BATCH_EVENTS_MAX. */
  async acceptEventBatch(delivery: TokenDelivery): Promise<BatchOutcome> {
    const source = await this.#eventSource(delivery.principal);
    const parsed = parseStrictJson(delivery.body, DEFAULT_LIMITS);
    const elements =
      parsed.ok && Array.isArray(parsed.value) ? split(delivery.body) : [delivery.body];
    const structured = { ...delivery, headers: { 'content-type': CLOUDEVENT_MEDIA_TYPE } };
    return this.#recordAll(elements.map((bytes) => cloudEvent(structured, source, bytes)));
  }

  /** See QuarantineReplay.replay. */
  async replayQuarantined(principal: Principal, id: string): Promise<QuarantinedRecord> {
    return this.#replay.replay(principal, id);
  }

  async #lineage(delivery: TokenDelivery, bytes: Uint8Array): Promise<Delivery> {
    const { principal, receivedAt } = delivery;
    const { producer, reading } = readOpenLineage({ bytes, receivedAt });
    return {
      source: await this.#sources.ensure(
        principal,
        'OPENLINEAGE',
        reading.ok ? producer : DEFAULT_PRODUCER,
      ),
      key: `sha256:${sha256Hex(bytes)}`,
      basis: 'authenticated',
      actor: actorOf(principal),
      reading,
      bytes,
      mediaType: 'application/json',
      receivedAt,
    };
  }

  async #eventSource(principal: Principal): Promise<Source> {
    return this.#sources.ensure(principal, 'CLOUDEVENTS', HTTP_EVENTS_SOURCE);
  }

  async #record(delivery: Delivery): Promise<Recorded | Overloaded> {
    try {
      const recorded = await this.recorder.record(delivery);
      this.#sources.activity.delivered(delivery.source);
      return recorded;
    } catch (error) {
      return overloadedOrThrow(error);
    }
  }

  async #recordAll(deliveries: readonly Delivery[]): Promise<BatchOutcome> {
    const [first] = deliveries;
    if (first === undefined) return [];
    try {
      const recorded = await this.#database.sqlTransaction(first.source.tenantId, (tx) =>
        this.recorder.recordInTx(tx, deliveries),
      );
      this.#sources.activity.delivered(first.source);
      return recorded;
    } catch (error) {
      return overloadedOrThrow(error);
    }
  }
}

/** A CloudEvent of any mode as a delivery. In binary mode the evidence is the same event in structured mode. */
function cloudEvent(delivery: TokenDelivery, source: Source, body: Uint8Array): Delivery {
  const { headers, receivedAt } = delivery;
  const given = mediaTypeOf(headers, '');
  const base = { source, basis: 'authenticated', actor: UNKNOWN_ACTOR, receivedAt } as const;
  if (/^application\/cloudevents/i.test(given)) {
    return {
      ...base,
      ...readStructured(body, source, receivedAt),
      mediaType: CLOUDEVENT_MEDIA_TYPE,
    };
  }
  const attributes = attributesOfHttp(headers);
  if (attributes?.ok === true) {
    const bytes = structuredFrom(attributes.attributes, body);
    return {
      ...base,
      ...readStructured(bytes, source, receivedAt),
      mediaType: CLOUDEVENT_MEDIA_TYPE,
    };
  }
  const what =
    attributes === null ? 'no ce- header and no structured content type' : attributes.problem;
  return {
    ...base,
    reading: notACloudEvent(what),
    key: `sha256:${sha256Hex(body)}`,
    bytes: body,
    mediaType: given === '' ? 'application/octet-stream' : given,
  };
}

function readStructured(
  bytes: Uint8Array,
  source: Source,
  receivedAt: Date,
): Pick<Delivery, 'reading' | 'key' | 'bytes'> {
  const { delivery, reading } = readCloudEvent(
    { bytes, receivedAt, sourceId: source.id },
    readMlflowValue,
  );
  return { reading, bytes, key: delivery ?? `sha256:${sha256Hex(bytes)}` };
}

function split(body: Uint8Array): Uint8Array[] {
  const elements = jsonElements(body);
  if (elements.length > BATCH_EVENTS_MAX) {
    throw new AppError('PAYLOAD_TOO_LARGE', {
      publicMessage: `The batch has ${elements.length} events, at most ${BATCH_EVENTS_MAX} are taken at once.`,
      hint: 'Send smaller batches.',
    });
  }
  return elements;
}

const MEDIA_TYPE_CHARS_MAX = 200;

function mediaTypeOf(headers: DeliveryHeaders, absent: string): string {
  const value = headers['content-type'];
  const usable = typeof value === 'string' && /^[\x20-\x7e]+$/.test(value);
  return usable ? value.slice(0, MEDIA_TYPE_CHARS_MAX) : absent;
}

function overloadedOrThrow(error: unknown): Overloaded {
  if (!isAppError(error, 'OVERLOADED')) throw error;
  const seconds = error.details['retryAfterSeconds'];
  return { kind: 'overloaded', retryAfterSeconds: typeof seconds === 'number' ? seconds : 1 };
}
