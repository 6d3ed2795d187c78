import { decodeBase64 } from '../note/base64.js';
import { isJsonObject, type Json, type JsonObject } from '../json/json.js';
import { CANONICAL_LIMITS, type JsonLimits } from '../json/limits.js';
import { parseStrictJson } from '../json/strict-json.js';
import type { DisclosedValue } from '../payload/open.js';
import type { ChainRecord, EntryColumns } from './record.js';

/** A checkpoint as an export shows it: only `note` counts, the rest is convenience and must agree with it. */
export interface ExportedCheckpoint {
  readonly origin: string;
  readonly size: string;
  readonly rootHash: string;
  readonly note: string;
}

export type ExportLine =
  | { readonly kind: 'entry'; readonly record: ChainRecord }
  | { readonly kind: 'checkpoint'; readonly checkpoint: ExportedCheckpoint };

/** Evidence travels as base64 inside of a line: up to 8 MiB of it. */
const LINE_LIMITS: JsonLimits = {
  ...CANONICAL_LIMITS,
  bytesMax: 64 * 1024 * 1024,
  stringBytesMax: 32 * 1024 * 1024,
};

/**
 * Reads one line of a JSON-lines export: `{"checkpoint": {…}}`, or an entry in the names and forms of the GraphQL API.
 * Null when it is neither.
 */
export function parseExportLine(line: Uint8Array): ExportLine | null {
  const parsed = parseStrictJson(line, LINE_LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  const object = parsed.value;
  if (isJsonObject(object['checkpoint'])) {
    const { origin, size, rootHash, note } = object['checkpoint'];
    if (typeof origin !== 'string' || typeof size !== 'string') return null;
    if (typeof rootHash !== 'string' || typeof note !== 'string') return null;
    return { kind: 'checkpoint', checkpoint: { origin, size, rootHash, note } };
  }
  const record = toRecord(object);
  return record === null ? null : { kind: 'entry', record };
}

function toRecord(object: JsonObject): ChainRecord | null {
  const canonical = bytes(object['canonical']);
  const leafHash = hashBytes(object['leafHash']);
  const previousHash = hashBytes(object['previousHash']);
  const columns = toColumns(object);
  if (canonical === null || leafHash === null || previousHash === null) return null;
  if (columns === null) return null;
  const payload = object['payloadCanonical'] === null ? null : bytes(object['payloadCanonical']);
  if (payload === null && object['payloadCanonical'] !== null) return null;
  const disclosures = toDisclosures(object['disclosures']);
  const evidence = toEvidence(object['evidence'] ?? null);
  if (disclosures === null || evidence === undefined) return null;
  return { canonical, leafHash, previousHash, columns, payload, disclosures, evidence };
}

function toColumns(object: JsonObject): EntryColumns | null {
  const sequence = text(object['sequence']);
  const id = text(object['id']);
  const type = text(object['type']);
  const source = text(object['source']);
  const subject = text(object['subject']);
  const actor = isJsonObject(object['actor']) ? text(object['actor']['id']) : null;
  const payloadDigest = text(object['payloadDigest']);
  const evidenceDigest = object['evidenceDigest'] === null ? null : text(object['evidenceDigest']);
  const occurredAt = date(object['occurredAt']);
  const recordedAt = date(object['recordedAt']);
  if (sequence === null || !/^(?:0|[1-9]\d{0,18})$/.test(sequence)) return null;
  if (id === null || type === null || source === null || subject === null) return null;
  if (actor === null || payloadDigest === null) return null;
  if (evidenceDigest === null && object['evidenceDigest'] !== null) return null;
  if (occurredAt === null || recordedAt === null) return null;
  const texts = { id, type, source, subject, actor, payloadDigest, evidenceDigest };
  return { ...texts, sequence: BigInt(sequence), occurredAt, recordedAt };
}

function toDisclosures(value: Json | undefined): DisclosedValue[] | null {
  if (!Array.isArray(value)) return null;
  const disclosures: DisclosedValue[] = [];
  for (const item of value as readonly Json[]) {
    if (!isJsonObject(item)) return null;
    const path = text(item['path']);
    const salt = bytes(item['salt']);
    const disclosed = item['value'];
    if (path === null || salt === null || disclosed === undefined) return null;
    disclosures.push({ path, salt, value: disclosed });
  }
  return disclosures;
}

/** Undefined when malformed, null when there is none. */
function toEvidence(value: Json): ChainRecord['evidence'] {
  if (value === null) return null;
  if (!isJsonObject(value)) return undefined;
  const salt = bytes(value['salt']);
  const received = bytes(value['bytes']);
  return salt === null || received === null ? undefined : { salt, bytes: received };
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function bytes(value: Json | undefined): Uint8Array | null {
  return typeof value === 'string' ? decodeBase64(value) : null;
}

function hashBytes(value: Json | undefined): Uint8Array | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
    ? Buffer.from(value, 'hex')
    : null;
}

function date(value: Json | undefined): Date | null {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? null : new Date(ms);
}
