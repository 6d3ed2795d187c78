import { isJsonObject, parseStrictJson, type Json, type JsonObject } from '@countersign/chain';
import { subjects } from '@countersign/events';
import { registryEvent } from '../../canonical-event.js';
import { parseInstant } from '../../instant.js';
import {
  notUnderstood,
  understood,
  type ReadInput,
  type Reading,
  unknownType,
} from '../../reading.js';
import { MLFLOW_EVENT_KINDS } from './event-kinds.js';
import { FieldProblem } from './fields.js';
import { isTestDelivery } from './test-deliveries.js';

/** Reads the body of an MLflow webhook: one canonical event, or why not. Pure; never throws. */
export function readMlflow(input: ReadInput): Reading {
  const parsed = parseStrictJson(input.bytes);
  if (!parsed.ok) {
    return notUnderstood('NOT_STRICT_JSON', `${parsed.code} at byte ${parsed.offset}.`);
  }
  return readMlflowValue(parsed.value, input);
}

/** The same for a body that was parsed already, such as the data of a CloudEvent. */
export function readMlflowValue(
  body: Json,
  input: Pick<ReadInput, 'receivedAt' | 'sourceId'>,
): Reading {
  if (!isJsonObject(body)) return notUnderstood('NOT_AN_EVENT', 'The body is not a JSON object.');
  if (Object.keys(body).length === 0) return notUnderstood('NOT_AN_EVENT', 'The object is empty.');
  const { entity, action, data } = body;
  if (typeof entity !== 'string') return notUnderstood('MISSING_FIELD', 'entity is missing.');
  if (typeof action !== 'string') return notUnderstood('MISSING_FIELD', 'action is missing.');
  const name = `${entity}.${action}`;
  const kind = Object.hasOwn(MLFLOW_EVENT_KINDS, name) ? MLFLOW_EVENT_KINDS[name] : undefined;
  if (kind === undefined) {
    return unknownType(name);
  }
  if (!isJsonObject(data)) return notUnderstood('MISSING_FIELD', 'data is missing.');
  const occurredAt = sentAt(body) ?? input.receivedAt;
  if (isTestDelivery(name, data)) {
    return understood({
      type: 'source.test_received',
      subject: subjects.source(input.sourceId),
      occurredAt,
      data: { kind: name },
    });
  }
  try {
    const fields = { ...kind.read(data), ...workspace(body) };
    return understood(registryEvent(kind.type, fields, occurredAt));
  } catch (error) {
    if (error instanceof FieldProblem) return error.reading;
    throw error;
  }
}

/** When MLflow's sending thread ran: after the commit, so an upper bound of the change itself. */
function sentAt(body: JsonObject): Date | null {
  const { timestamp } = body;
  return typeof timestamp === 'string' ? parseInstant(timestamp) : null;
}

/** The webhook's workspace, not the entity's (a known defect of the sender): kept as said, never trusted. */
function workspace(body: JsonObject): { workspace?: string } {
  const value = body['workspace'];
  return typeof value === 'string' ? { workspace: value } : {};
}
