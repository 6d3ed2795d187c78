import { ChainError } from '../errors.js';
import { sameBytes } from '../hash.js';
import { canonicalize } from '../json/canonical.js';
import { isJsonObject, type Json } from '../json/json.js';
import { CANONICAL_LIMITS } from '../json/limits.js';
import { parseStrictJson } from '../json/strict-json.js';
import { writtenJson } from '../json/written-json.js';
import { isCommitment, SALT_BYTES, saltedDigest } from './commitment.js';
import { pointerStep } from './pointer.js';

/** What is needed of a disclosure to check it and to fill it in. */
export interface DisclosedValue {
  readonly path: string;
  readonly salt: Uint8Array;
  readonly value: Json;
}

export type OpenPayloadCode =
  | 'PAYLOAD_MALFORMED'
  | 'PAYLOAD_NOT_CANONICAL'
  | 'DISCLOSURE_DUPLICATE'
  | 'DISCLOSURE_PATH_UNKNOWN'
  | 'DISCLOSURE_MISMATCH';

export type OpenPayloadResult =
  | {
      readonly ok: true;
      /** The readable tree: disclosed values filled in, all other commitments null. */
      readonly value: Json;
      /** Paths of commitments that nobody disclosed: withheld or erased. */
      readonly undisclosed: readonly string[];
    }
  | { readonly ok: false; readonly code: OpenPayloadCode; readonly detail: string };

/** A payload as it was hashed, commitments and all: its bytes must be the canonical form of what they say. */
export function readPayload(
  payload: Uint8Array,
): { readonly ok: true; readonly value: Json } | Extract<OpenPayloadResult, { ok: false }> {
  const written = writtenJson(payload);
  if (written !== undefined) return { ok: true, value: written };
  const parsed = parseStrictJson(payload, CANONICAL_LIMITS);
  if (!parsed.ok) return refuse('PAYLOAD_MALFORMED', `${parsed.code}: ${parsed.detail}`);
  if (sameBytes(canonicalize(parsed.value), payload)) return parsed;
  return refuse('PAYLOAD_NOT_CANONICAL', 'the bytes are not the RFC 8785 form of their value');
}

/**
 * Checks each disclosure against its commitment and gives the readable tree. The digest of the bytes is the caller's
 * to check. Disclosed values are taken as they are: a commitment inside of one has no meaning.
 */
export function openPayload(
  payload: Uint8Array,
  disclosures: readonly DisclosedValue[],
): OpenPayloadResult {
  const read = readPayload(payload);
  if (!read.ok) return read;
  const byPath = new Map<string, DisclosedValue>();
  for (const disclosure of disclosures) {
    if (byPath.has(disclosure.path)) return refuse('DISCLOSURE_DUPLICATE', disclosure.path);
    byPath.set(disclosure.path, disclosure);
  }
  const opening = new Opening(byPath);
  const value = opening.fill(read.value, '');
  if (opening.mismatch !== null) return refuse('DISCLOSURE_MISMATCH', opening.mismatch);
  const [unknown] = byPath.keys();
  if (unknown !== undefined) return refuse('DISCLOSURE_PATH_UNKNOWN', unknown);
  return { ok: true, value, undisclosed: opening.undisclosed };
}

class Opening {
  readonly undisclosed: string[] = [];
  mismatch: string | null = null;

  /** Disclosures that were used are taken out of `pending`. */
  constructor(private readonly pending: Map<string, DisclosedValue>) {}

  fill(node: Json, path: string): Json {
    if (isCommitment(node)) return this.disclosed(node.sd, path);
    if (Array.isArray(node)) {
      return (node as readonly Json[]).map((item, i) => this.fill(item, pointerStep(path, i)));
    }
    if (!isJsonObject(node)) return node;
    const members: Record<string, Json> = {};
    for (const [key, member] of Object.entries(node)) {
      members[key] = this.fill(member, pointerStep(path, key));
    }
    return members;
  }

  private disclosed(digest: string, path: string): Json {
    const disclosure = this.pending.get(path);
    if (disclosure === undefined) {
      this.undisclosed.push(path);
      return null;
    }
    this.pending.delete(path);
    const { salt, value } = disclosure;
    if (!matches(digest, salt, value)) this.mismatch ??= path;
    return value;
  }
}

function matches(digest: string, salt: Uint8Array, value: Json): boolean {
  if (salt.byteLength !== SALT_BYTES) return false;
  try {
    return saltedDigest(salt, canonicalize(value)) === digest;
  } catch (error) {
    // A disclosure of somebody else's making may hold what has no canonical form, and then opens nothing.
    if (error instanceof ChainError) return false;
    throw error;
  }
}

function refuse(code: OpenPayloadCode, detail: string): Extract<OpenPayloadResult, { ok: false }> {
  return { ok: false, code, detail };
}
