import {
  canonicalize,
  DEFAULT_LIMITS,
  isJsonObject,
  parseStrictJson,
  type Json,
  type JsonObject,
} from '@countersign/chain';
import { notUnderstood, type NotUnderstood } from '../../reading.js';

export const CLOUDEVENT_MEDIA_TYPE = 'application/cloudevents+json';

/** The attributes that CloudEvents 1.0 requires, and what of the rest is used here. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string | null;
  /** Parsed data; undefined when there is none. */
  readonly data: Json | undefined;
}

export type EnvelopeReading =
  | { readonly ok: true; readonly event: CloudEvent }
  | { readonly ok: false; readonly problem: NotUnderstood };

/** data_base64 of a body of 1 MiB, and room for the attributes. */
const ENVELOPE_LIMITS = {
  ...DEFAULT_LIMITS,
  bytesMax: 2 * 1024 * 1024,
  stringBytesMax: 1536 * 1024,
};

/**
 * A binary-mode event written in structured mode: attributes in canonical order, the data in `data_base64`. The
 * specification defines the two as the same event; only this form keeps attributes and data together as evidence.
 */
export function structuredFrom(
  attributes: ReadonlyMap<string, string>,
  data: Uint8Array | null,
): Uint8Array {
  const event: Record<string, Json> = Object.fromEntries(attributes);
  if (data !== null) event['data_base64'] = Buffer.from(data).toString('base64');
  return canonicalize(event);
}

/** Reads a structured-mode CloudEvent (CloudEvents 1.0, JSON format). Pure; never throws. */
export function readEnvelope(bytes: Uint8Array): EnvelopeReading {
  const parsed = parseStrictJson(bytes, ENVELOPE_LIMITS);
  if (!parsed.ok) {
    return failed(notUnderstood('NOT_STRICT_JSON', `${parsed.code} at byte ${parsed.offset}.`));
  }
  const envelope = parsed.value;
  if (!isJsonObject(envelope)) return failed(notACloudEvent('the body is not a JSON object'));
  if (envelope['specversion'] !== '1.0') return failed(notACloudEvent('specversion is not "1.0"'));
  for (const attribute of ['id', 'source', 'type'] as const) {
    const value = envelope[attribute];
    if (typeof value !== 'string' || value === '') {
      return failed(notACloudEvent(`${attribute} is missing`));
    }
  }
  const data = dataOf(envelope);
  if (!data.ok) return failed(data.problem);
  const { id, source, type, time } = envelope;
  return {
    ok: true,
    event: {
      id: id as string,
      source: source as string,
      type: type as string,
      time: typeof time === 'string' ? time : null,
      data: data.value,
    },
  };
}

type DataReading =
  | { readonly ok: true; readonly value: Json | undefined }
  | { readonly ok: false; readonly problem: NotUnderstood };

function dataOf(envelope: JsonObject): DataReading {
  const base64 = envelope['data_base64'];
  if (base64 === undefined) return { ok: true, value: envelope['data'] };
  if (envelope['data'] !== undefined) {
    return { ok: false, problem: notACloudEvent('it has both data and data_base64') };
  }
  if (typeof base64 !== 'string' || !BASE64.test(base64)) {
    return { ok: false, problem: notACloudEvent('data_base64 is not base64') };
  }
  const parsed = parseStrictJson(Buffer.from(base64, 'base64'));
  return parsed.ok
    ? { ok: true, value: parsed.value }
    : {
        ok: false,
        problem: notUnderstood(
          'NOT_STRICT_JSON',
          `The event's data: ${parsed.code} at byte ${parsed.offset}.`,
        ),
      };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function notACloudEvent(what: string): NotUnderstood {
  return notUnderstood('NOT_A_CLOUDEVENT', `Not a CloudEvent 1.0: ${what}.`);
}

function failed(problem: NotUnderstood): EnvelopeReading {
  return { ok: false, problem };
}
