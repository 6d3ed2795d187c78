import { canonicalText } from '../json/canonical.js';
import { isJsonObject, type JsonObject } from '../json/json.js';
import { CANONICAL_LIMITS, type JsonLimits } from '../json/limits.js';
import { parseStrictJson } from '../json/strict-json.js';
import { ENTRY_BYTES_MAX, ENTRY_KIND, headerProblem, type EntryHeader } from './header.js';

export type DecodeEntryCode =
  | 'ENTRY_TOO_LARGE'
  | 'ENTRY_MALFORMED'
  | 'ENTRY_KIND_UNKNOWN'
  | 'ENTRY_FIELDS'
  | 'ENTRY_NOT_CANONICAL';

export type DecodeEntryResult =
  | { readonly ok: true; readonly header: EntryHeader }
  | { readonly ok: false; readonly code: DecodeEntryCode; readonly detail: string };

const LIMITS: JsonLimits = {
  ...CANONICAL_LIMITS,
  bytesMax: ENTRY_BYTES_MAX,
  depthMax: 1,
  nodesMax: 64,
};

const REQUIRED = [
  ...['actor', 'delivery', 'id', 'kind', 'occurredAt', 'payload', 'prev', 'recordedAt'],
  ...['seq', 'source', 'subject', 'tenant', 'type', 'v'],
];
const KNOWN = new Set([...REQUIRED, 'evidence']);

/**
 * Reads an entry and believes nothing: strict JSON, closed set of fields, known kind and version, each field's
 * form, and bytes equal to the canonical form of what was read.
 */
export function decodeEntry(bytes: Uint8Array): DecodeEntryResult {
  if (bytes.byteLength > ENTRY_BYTES_MAX) {
    return refuse('ENTRY_TOO_LARGE', `${bytes.byteLength} bytes, at most ${ENTRY_BYTES_MAX}`);
  }
  const parsed = parseStrictJson(bytes, LIMITS);
  if (!parsed.ok) return refuse('ENTRY_MALFORMED', `${parsed.code}: ${parsed.detail}`);
  const object = parsed.value;
  if (!isJsonObject(object)) return refuse('ENTRY_MALFORMED', 'expected a JSON object');
  if (object['kind'] !== ENTRY_KIND || object['v'] !== 1) {
    return refuse('ENTRY_KIND_UNKNOWN', `expected kind ${ENTRY_KIND} and v 1`);
  }
  const fields = fieldsProblem(object);
  if (fields !== null) return refuse('ENTRY_FIELDS', fields);
  if (canonicalText(object) !== Buffer.from(bytes).toString('utf8')) {
    return refuse('ENTRY_NOT_CANONICAL', 'the bytes are not the RFC 8785 form of their value');
  }
  return { ok: true, header: toHeader(object) };
}

function fieldsProblem(object: JsonObject): string | null {
  const missing = REQUIRED.find((key) => !Object.hasOwn(object, key));
  if (missing !== undefined) return `the field ${missing} is missing`;
  const extra = Object.keys(object).find((key) => !KNOWN.has(key));
  if (extra !== undefined) return `the field ${JSON.stringify(extra.slice(0, 64))} is unknown`;
  if (Object.hasOwn(object, 'evidence') && typeof object['evidence'] !== 'string') {
    return 'evidence: expected sha256:<64 hex>';
  }
  const problem = headerProblem(toHeader(object));
  return problem === null ? null : `${problem.field}: expected ${problem.expected}`;
}

/** A typed view: kind and v taken off. `headerProblem` looks at the types, so the cast is checked right after. */
function toHeader(object: JsonObject): EntryHeader {
  const { kind: _kind, v: _v, ...header } = object;
  return header as unknown as EntryHeader;
}

function refuse(code: DecodeEntryCode, detail: string): DecodeEntryResult {
  return { ok: false, code, detail };
}
