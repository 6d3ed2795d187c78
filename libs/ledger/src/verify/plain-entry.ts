import { HASH_BYTES } from '@countersign/chain';
import type { CopyRow } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { field } from '../export/entry-pages.js';
import { COLUMN, millisOf } from './range-rows.js';

const UUID_BYTES = 16;
const DAY_MS = 86_400_000;

/**
 * Compares an entry's bytes with what the writer would have written out of the row's columns, byte by byte and without
 * reading the JSON. Equal bytes are a canonical entry of this place whose every column agrees with it: form, tenant,
 * sequence, `prev` and columns are settled at once. Says nothing about entries whose text needs an escape or is not
 * ASCII, nor about why others differ: `EntryChain` judges those.
 */
export class PlainEntry {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  readonly #tenant: Buffer;
  readonly #occurred = new DayText();
  readonly #recorded = new DayText();

  constructor(tenantId: TenantId) {
    this.#tenant = Buffer.from(`","tenant":"${tenantId}","type":"`, 'latin1');
  }

  /** True when the entry is exactly that. `previous`: leaf hash of the entry before. */
  matches(row: CopyRow, sequence: number, previous: Buffer): boolean {
    this.#bytes = field(row, COLUMN.canonical);
    this.#at = 0;
    const evidence = row[COLUMN.evidenceDigest] ?? null;
    return (
      this.#literal(TEXT.actor) &&
      this.#text(field(row, COLUMN.actor)) &&
      this.#literal(TEXT.delivery) &&
      this.#text(field(row, COLUMN.delivery)) &&
      (evidence === null ||
        (this.#literal(TEXT.evidence) && this.#hex(evidence, 0, HASH_BYTES, HASH_BYTES))) &&
      this.#literal(TEXT.id) &&
      this.#uuid(field(row, COLUMN.id)) &&
      this.#literal(TEXT.occurredAt) &&
      this.#time(field(row, COLUMN.occurredAt), this.#occurred) &&
      this.#literal(TEXT.payload) &&
      this.#hex(field(row, COLUMN.payloadDigest), 0, HASH_BYTES, HASH_BYTES) &&
      this.#literal(TEXT.prev) &&
      this.#hex(previous, 0, HASH_BYTES, HASH_BYTES) &&
      this.#literal(TEXT.recordedAt) &&
      this.#time(field(row, COLUMN.recordedAt), this.#recorded) &&
      this.#literal(TEXT.seq) &&
      this.#digits(sequence) &&
      this.#literal(TEXT.source) &&
      this.#text(field(row, COLUMN.source)) &&
      this.#literal(TEXT.subject) &&
      this.#text(field(row, COLUMN.subject)) &&
      this.#literal(this.#tenant) &&
      this.#text(field(row, COLUMN.type)) &&
      this.#literal(TEXT.end) &&
      this.#at === this.#bytes.length
    );
  }

  #literal(expected: Buffer): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    for (let i = 0; i < expected.length; i++) {
      if (bytes[start + i] !== expected[i]) return false;
    }
    this.#at = start + expected.length;
    return true;
  }

  /** Text that stands in JSON as it is: printable ASCII but for `"` and `\`, and some of it. */
  #text(expected: Buffer): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    for (let i = 0; i < expected.length; i++) {
      const byte = expected[i] ?? 0;
      if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
      if (bytes[start + i] !== byte) return false;
    }
    this.#at = start + expected.length;
    return expected.length > 0;
  }

  /** The bytes from .. to - 1 of a value that has `length` bytes. */
  #hex(expected: Buffer, from: number, to: number, length: number): boolean {
    if (expected.length !== length) return false;
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = from; i < to; i++) {
      const byte = expected[i] ?? 0;
      if (bytes[at] !== HEX[byte >> 4] || bytes[at + 1] !== HEX[byte & 15]) return false;
      at += 2;
    }
    this.#at = at;
    return true;
  }

  #uuid(expected: Buffer): boolean {
    return (
      this.#hex(expected, 0, 4, UUID_BYTES) &&
      this.#literal(TEXT.dash) &&
      this.#hex(expected, 4, 6, UUID_BYTES) &&
      this.#literal(TEXT.dash) &&
      this.#hex(expected, 6, 8, UUID_BYTES) &&
      this.#literal(TEXT.dash) &&
      this.#hex(expected, 8, 10, UUID_BYTES) &&
      this.#literal(TEXT.dash) &&
      this.#hex(expected, 10, UUID_BYTES, UUID_BYTES)
    );
  }

  /** `2026-11-21T06:00:00.000Z` */
  #time(timestamp: Buffer, day: DayText): boolean {
    const ms = millisOf(timestamp);
    const number = Math.floor(ms / DAY_MS);
    const text = Number.isInteger(ms) ? day.of(number) : null;
    if (text === null || !this.#literal(text)) return false;
    const rest = ms - number * DAY_MS;
    const seconds = Math.floor(rest / 1_000);
    const minutes = Math.floor(seconds / 60);
    return (
      this.#pair(Math.floor(minutes / 60)) &&
      this.#literal(TEXT.colon) &&
      this.#pair(minutes % 60) &&
      this.#literal(TEXT.colon) &&
      this.#pair(seconds % 60) &&
      this.#literal(TEXT.point) &&
      this.#digit(Math.floor((rest % 1_000) / 100)) &&
      this.#pair(rest % 100) &&
      this.#literal(TEXT.zulu)
    );
  }

  #digits(value: number): boolean {
    for (const digit of String(value)) {
      if (!this.#digit(Number(digit))) return false;
    }
    return true;
  }

  #pair(value: number): boolean {
    return this.#digit(Math.floor(value / 10)) && this.#digit(value % 10);
  }

  #digit(value: number): boolean {
    return this.#bytes[this.#at++] === ZERO + value;
  }
}

/** `2026-11-21T` for a day since 1970; neighbours in a ledger are mostly of one day. */
class DayText {
  #day = Number.NaN;
  #text: Buffer | null = null;

  /** Null for a year that has not four digits. */
  of(day: number): Buffer | null {
    if (day === this.#day) return this.#text;
    const date = new Date(day * DAY_MS);
    const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
    this.#day = day;
    this.#text = text.length === FULL_TIME ? Buffer.from(text.slice(0, 11), 'latin1') : null;
    return this.#text;
  }
}

const FULL_TIME = '2026-11-21T06:00:00.000Z'.length;
const ZERO = 0x30;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** What stands before each value, and behind the one before it (RFC 8785: keys in order, no white space). */
const TEXT = {
  actor: Buffer.from('{"actor":"', 'latin1'),
  delivery: Buffer.from('","delivery":"', 'latin1'),
  evidence: Buffer.from('","evidence":"sha256:', 'latin1'),
  id: Buffer.from('","id":"', 'latin1'),
  occurredAt: Buffer.from('","kind":"audit/1","occurredAt":"', 'latin1'),
  payload: Buffer.from('","payload":"sha256:', 'latin1'),
  prev: Buffer.from('","prev":"', 'latin1'),
  recordedAt: Buffer.from('","recordedAt":"', 'latin1'),
  seq: Buffer.from('","seq":', 'latin1'),
  source: Buffer.from(',"source":"', 'latin1'),
  subject: Buffer.from('","subject":"', 'latin1'),
  end: Buffer.from('","v":1}', 'latin1'),
  dash: Buffer.from('-', 'latin1'),
  colon: Buffer.from(':', 'latin1'),
  point: Buffer.from('.', 'latin1'),
  zulu: Buffer.from('Z', 'latin1'),
} as const;
