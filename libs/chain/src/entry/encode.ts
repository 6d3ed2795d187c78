import { ChainError } from '../errors.js';
import { sha256Hex } from '../hash.js';
import { canonicalString } from '../json/canonical.js';
import { ENTRY_BYTES_MAX, headerProblem, type EntryHeader } from './header.js';

/** An entry ready to be stored: its bytes and its place in chain and tree. */
export interface EncodedEntry {
  /** RFC 8785 bytes: the leaf data. */
  readonly canonical: Buffer;
  /** SHA-256(0x00 || canonical); the next entry's `prev`. */
  readonly leafHashHex: string;
  readonly leafHash: Buffer;
}

/**
 * The canonical bytes of an entry, at most 65,535. Throws ChainError ENTRY_FIELD_INVALID, LONE_SURROGATE or
 * ENTRY_TOO_LARGE.
 */
export function encodeEntry(header: EntryHeader): Buffer {
  return prefixed(header).subarray(1);
}

/** `encodeEntry` and leaf hash in one pass: the form the append path uses. Throws as `encodeEntry`. */
export function encodeLeaf(header: EntryHeader): EncodedEntry {
  const bytes = prefixed(header);
  const leafHashHex = sha256Hex(bytes);
  return { canonical: bytes.subarray(1), leafHashHex, leafHash: Buffer.from(leafHashHex, 'hex') };
}

/** 0x00 || entry. Building them together saves the copy that hashing would otherwise need. */
function prefixed(header: EntryHeader): Buffer {
  const problem = headerProblem(header);
  if (problem !== null) {
    throw new ChainError('ENTRY_FIELD_INVALID', `${problem.field}: expected ${problem.expected}`);
  }
  const bytes = Buffer.from('\0' + template(header), 'utf8');
  if (bytes.length - 1 > ENTRY_BYTES_MAX) {
    throw new ChainError(
      'ENTRY_TOO_LARGE',
      `${bytes.length - 1} bytes, at most ${ENTRY_BYTES_MAX}`,
    );
  }
  return bytes;
}

/** Keys stand in RFC 8785 order; fields of a fixed alphabet need no escaping. */
function template(h: EntryHeader): string {
  const evidence = h.evidence === undefined ? '' : `"evidence":"${h.evidence}",`;
  return (
    `{"actor":${canonicalString(h.actor)},"delivery":${canonicalString(h.delivery)},${evidence}` +
    `"id":"${h.id}","kind":"audit/1","occurredAt":"${h.occurredAt}","payload":"${h.payload}",` +
    `"prev":"${h.prev}","recordedAt":"${h.recordedAt}","seq":${h.seq},` +
    `"source":${canonicalString(h.source)},"subject":${canonicalString(h.subject)},` +
    `"tenant":"${h.tenant}","type":${canonicalString(h.type)},"v":1}`
  );
}
