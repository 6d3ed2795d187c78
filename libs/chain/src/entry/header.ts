import { isHexFrom } from '../hash.js';

/** The largest entry: a tlog-tiles bundle carries its length in 16 bits. */
export const ENTRY_BYTES_MAX = 65_535;

/** The only kind of entry this version knows; a reader must refuse any other. */
export const ENTRY_KIND = 'audit/1';

/** `prev` of the entry at sequence 0. */
export const NO_PREVIOUS = '0'.repeat(64);

/**
 * What an entry says, in the names and forms of the hashed JSON; `kind` and `v` are constants and left out.
 * The entry's bytes are the leaf data of the tenant's tree.
 */
export interface EntryHeader {
  /** Pseudonymous id of who acted. */
  readonly actor: string;
  /** The source's idempotency key. */
  readonly delivery: string;
  /** `sha256:` + 64 hex digits of salt and received bytes; absent when nothing was received. */
  readonly evidence?: string | undefined;
  /** Lower-case UUID. */
  readonly id: string;
  /** The source's claim, UTC with milliseconds: `2026-11-21T06:00:00.000Z`. */
  readonly occurredAt: string;
  /** `sha256:` + 64 hex digits of the payload bytes. */
  readonly payload: string;
  /** Leaf hash of the entry before, 64 hex digits; 64 zeros at sequence 0. */
  readonly prev: string;
  /** Set by the ledger, never decreasing in a tenant; form as `occurredAt`. */
  readonly recordedAt: string;
  /** Index of the leaf. A safe integer: the JSON number stays exact in every language. */
  readonly seq: number;
  readonly source: string;
  readonly subject: string;
  /** Lower-case UUID. */
  readonly tenant: string;
  readonly type: string;
}

/** Names of the text fields that may hold any non-empty well-formed text without NUL. */
export const FREE_TEXT_FIELDS = ['actor', 'delivery', 'source', 'subject', 'type'] as const;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const DIGEST_PREFIX = 'sha256:';
const DIGEST_DIGITS = 64;

/** The first field of a header that breaks the format, with what was expected; null when all hold. */
export function headerProblem(header: EntryHeader): { field: string; expected: string } | null {
  for (const field of FREE_TEXT_FIELDS) {
    const text: unknown = header[field];
    if (typeof text !== 'string' || text === '' || text.includes('\0')) {
      return { field, expected: 'a non-empty string without NUL' };
    }
  }
  if (!matches(UUID, header.id)) return { field: 'id', expected: 'a lower-case UUID' };
  if (!matches(UUID, header.tenant)) return { field: 'tenant', expected: 'a lower-case UUID' };
  if (!isDigest(header.payload)) return { field: 'payload', expected: 'sha256:<64 hex>' };
  if (header.evidence !== undefined && !isDigest(header.evidence)) {
    return { field: 'evidence', expected: 'sha256:<64 hex>' };
  }
  if (!isHash(header.prev)) return { field: 'prev', expected: '64 hex digits' };
  if (!isTime(header.occurredAt)) {
    return { field: 'occurredAt', expected: 'YYYY-MM-DDTHH:mm:ss.sssZ' };
  }
  if (!isTime(header.recordedAt)) {
    return { field: 'recordedAt', expected: 'YYYY-MM-DDTHH:mm:ss.sssZ' };
  }
  if (!Number.isSafeInteger(header.seq) || header.seq < 0 || Object.is(header.seq, -0)) {
    return { field: 'seq', expected: 'an integer from 0 to 2^53 - 1' };
  }
  return null;
}

function isDigest(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.startsWith(DIGEST_PREFIX) &&
    isHexFrom(value, DIGEST_PREFIX.length, DIGEST_DIGITS)
  );
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && isHexFrom(value, 0, DIGEST_DIGITS);
}

function matches(pattern: RegExp, value: unknown): boolean {
  return typeof value === 'string' && pattern.test(value);
}

/** True for an existing moment in the one accepted spelling; 30 February and 24:00 are none. */
function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || !TIME.test(value)) return false;
  // Every month has 28 days: only the last few need the calendar, and the append path stays cheap.
  return value.slice(8, 10) <= '28' || isMoment(value);
}

function isMoment(value: string): boolean {
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}
