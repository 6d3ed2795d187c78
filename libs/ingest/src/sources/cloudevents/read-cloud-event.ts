import { sha256Hex, type Json } from '@countersign/chain';
import { eventCatalogue } from '@countersign/events';
import { isRegistryEventType, registryEvent } from '../../canonical-event.js';
import { parseInstant } from '../../instant.js';
import {
  notUnderstood,
  understood,
  type ReadInput,
  type Reading,
  unknownType,
} from '../../reading.js';
import { readEnvelope, type CloudEvent } from './envelope.js';

/** Reads a body in MLflow's shape; handed in, since sources do not know one another. */
export type MlflowReader = (
  body: Json,
  input: Pick<ReadInput, 'receivedAt' | 'sourceId'>,
) => Reading;

/** A reading and the idempotency key that the event itself carries; null when it has none. */
export interface CloudEventReading {
  readonly reading: Reading;
  readonly delivery: string | null;
}

/** Our own types, e.g. `countersign.model_alias.set`, with `data` as in libs/events. */
const CANONICAL_PREFIX = 'countersign.';
/** MLflow's, e.g. `mlflow.model_version_alias.created`, with `data` as in the body of its webhook. */
const MLFLOW_PREFIX = 'mlflow.';
const DELIVERY_CHARS_MAX = 400;

/**
 * Reads a CloudEvent in structured mode (see structuredFrom for the other). `type` says how `data` is shaped: one of
 * the two prefixes above. The pair (`source`, `id`) is the idempotency key, whatever the type. Pure; never throws.
 */
export function readCloudEvent(input: ReadInput, readMlflow: MlflowReader): CloudEventReading {
  const envelope = readEnvelope(input.bytes);
  if (!envelope.ok) return { reading: envelope.problem, delivery: null };
  const { event } = envelope;
  return { reading: readTyped(event, input, readMlflow), delivery: deliveryOf(event) };
}

function readTyped(event: CloudEvent, input: ReadInput, readMlflow: MlflowReader): Reading {
  const time = event.time === null ? null : parseInstant(event.time);
  const receivedAt = time ?? input.receivedAt;
  if (event.type.startsWith(MLFLOW_PREFIX)) {
    if (event.data === undefined) return notUnderstood('MISSING_FIELD', 'data is missing.');
    if (`${MLFLOW_PREFIX}${kindOf(event.data)}` !== event.type) {
      return notUnderstood('UNEXPECTED_VALUE', 'type and data name different events.');
    }
    return readMlflow(event.data, { receivedAt, sourceId: input.sourceId });
  }
  const type = event.type.startsWith(CANONICAL_PREFIX)
    ? event.type.slice(CANONICAL_PREFIX.length)
    : '';
  if (!isRegistryEventType(type)) {
    return unknownType(event.type);
  }
  const data = eventCatalogue[type].safeParse(event.data);
  if (!data.success) {
    const paths = data.error.issues.map(({ path }) => ['data', ...path].join('.'));
    return notUnderstood(
      'UNEXPECTED_VALUE',
      `Not as the schema of ${type} says: ${paths.join(', ')}.`,
    );
  }
  return understood(registryEvent(type, data.data, receivedAt));
}

function kindOf(data: Json): string {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return '';
  const { entity, action } = data as { entity?: Json; action?: Json };
  return typeof entity === 'string' && typeof action === 'string' ? `${entity}.${action}` : '';
}

/** Both parts are percent-encoded, so neither can reach into the other; overlong pairs are hashed. */
function deliveryOf(event: CloudEvent): string {
  const key = `ce:${encodeURIComponent(event.source)}:${encodeURIComponent(event.id)}`;
  return key.length <= DELIVERY_CHARS_MAX ? key : `ce:sha256:${sha256Hex(key)}`;
}
