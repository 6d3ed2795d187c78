import { canonicalText } from '../json/canonical.js';
import { isJsonObject, type Json, type JsonObject } from '../json/json.js';
import { CANONICAL_LIMITS, type JsonLimits } from '../json/limits.js';
import { parseStrictJson } from '../json/strict-json.js';
import { decodeBase64, encodeBase64 } from '../note/base64.js';
import { toHex } from '../hash.js';
import type { DisclosedValue } from '../payload/open.js';

/** What a bundle shows of one entry beside its header: one line of a payload file. */
export interface PayloadLine {
  readonly sequence: number;
  /** Canonical JSON, embedded as it is: its digest stands in the header. */
  readonly payload: Uint8Array;
  readonly disclosures: readonly (DisclosedValue & { readonly dataSubject: string | null })[];
  /** Undefined in a bundle without evidence; null when there is none, or none any more. */
  readonly evidence?:
    | { readonly salt: Uint8Array; readonly bytes: Uint8Array; readonly mediaType: string }
    | null
    | undefined;
}

/** Longest line that is read, in bytes, line feed included. */
export const PAYLOAD_LINE_BYTES_MAX = 32 * 1024 * 1024;

/** The line, LF included. Throws ChainError as `canonicalize` for a disclosed value without canonical form. */
export function formatPayloadLine({
  sequence,
  payload,
  disclosures,
  evidence,
}: PayloadLine): string {
  const shown = disclosures.map(({ dataSubject, path, salt, value }) => ({
    dataSubject,
    path,
    salt: toHex(salt),
    value,
  }));
  const kept =
    evidence === undefined
      ? ''
      : `"evidence":${canonicalText(
          evidence === null
            ? null
            : {
                bytes: encodeBase64(evidence.bytes),
                mediaType: evidence.mediaType,
                salt: toHex(evidence.salt),
              },
        )},`;
  const payloadText = Buffer.from(payload).toString('utf8');
  return `{"disclosures":${canonicalText(shown)},${kept}"payload":${payloadText},"seq":${sequence}}\n`;
}

const LIMITS: JsonLimits = {
  ...CANONICAL_LIMITS,
  bytesMax: PAYLOAD_LINE_BYTES_MAX,
  depthMax: CANONICAL_LIMITS.depthMax + 4,
  stringBytesMax: 16 * 1024 * 1024,
};

/** Reads a line without its LF. Null unless it is exactly what `formatPayloadLine` prints for what it says. */
export function parsePayloadLine(line: Uint8Array): PayloadLine | null {
  const parsed = parseStrictJson(line, LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  const object = parsed.value;
  const sequence = object['seq'];
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 0) return null;
  const disclosures = toDisclosures(object['disclosures']);
  const evidence = toEvidence(object);
  if (disclosures === null || evidence === 'malformed') return null;
  if (object['payload'] === undefined) return null;
  const members = Object.keys(object).length;
  if (members !== (evidence === undefined ? 3 : 4)) return null;
  const payload = Buffer.from(canonicalText(object['payload']), 'utf8');
  const read: PayloadLine = { sequence, payload, disclosures, evidence };
  return sameLine(line, formatPayloadLine(read)) ? read : null;
}

function sameLine(line: Uint8Array, printed: string): boolean {
  return (
    Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8') + '\n' === printed
  );
}

function toDisclosures(value: Json | undefined): PayloadLine['disclosures'] | null {
  if (!Array.isArray(value)) return null;
  const disclosures: PayloadLine['disclosures'][number][] = [];
  for (const item of value as readonly Json[]) {
    if (!isJsonObject(item)) return null;
    const { dataSubject, path, salt, value: disclosed } = item;
    if (typeof path !== 'string' || typeof salt !== 'string' || disclosed === undefined)
      return null;
    if (dataSubject !== null && typeof dataSubject !== 'string') return null;
    disclosures.push({ dataSubject, path, salt: Buffer.from(salt, 'hex'), value: disclosed });
  }
  return disclosures;
}

function toEvidence(object: JsonObject): PayloadLine['evidence'] | 'malformed' {
  const value = object['evidence'];
  if (value === undefined || value === null) return value;
  if (!isJsonObject(value)) return 'malformed';
  const { bytes, mediaType, salt } = value;
  if (typeof bytes !== 'string' || typeof mediaType !== 'string' || typeof salt !== 'string') {
    return 'malformed';
  }
  const decoded = decodeBase64(bytes);
  return decoded === null
    ? 'malformed'
    : { bytes: decoded, mediaType, salt: Buffer.from(salt, 'hex') };
}
