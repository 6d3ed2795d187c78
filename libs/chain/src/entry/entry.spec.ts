import fc from 'fast-check';
import { sampleHeader as header } from '../../../../test/support/sample-header.js';
import { canonicalize } from '../json/canonical.js';
import { leafHash } from '../tree/hashing.js';
import { decodeEntry } from './decode.js';
import { encodeEntry, encodeLeaf } from './encode.js';
import { ENTRY_BYTES_MAX, type EntryHeader } from './header.js';

const object = (h: EntryHeader): Record<string, unknown> => ({ ...h, kind: 'audit/1', v: 1 });
const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), 'utf8');

const hex = (length: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const time = fc
  .date({
    min: new Date('0000-01-01T00:00:00.000Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString());
const word = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  .filter((s) => !s.includes('\0'));
const headers: fc.Arbitrary<EntryHeader> = fc.record({
  ...{ actor: word, delivery: word, source: word, subject: word, type: word },
  evidence: fc.option(
    hex(64).map((digits) => `sha256:${digits}`),
    { nil: undefined },
  ),
  id: fc.uuid(),
  tenant: fc.uuid(),
  occurredAt: time,
  recordedAt: time,
  payload: hex(64).map((digits) => `sha256:${digits}`),
  prev: hex(64),
  seq: fc.maxSafeNat(),
});

describe('the entry codec', () => {
  it('writes the one line that the format page shows', () => {
    expect(encodeEntry(header).toString()).toBe(
      `{"actor":"user:0b7f0f0e-6f0f-4a52-9a53-2f6d9d1f1c11","delivery":"d-1",` +
        `"evidence":"sha256:${'e'.repeat(64)}","id":"018f3b1c-7a70-7000-8000-000000000001",` +
        `"kind":"audit/1","occurredAt":"2026-11-21T06:00:00.000Z",` +
        `"payload":"sha256:${'a'.repeat(64)}","prev":"${'0'.repeat(64)}",` +
        `"recordedAt":"2026-11-21T06:00:01.250Z","seq":17,"source":"mlflow/demo",` +
        `"subject":"model/card-fraud/v3","tenant":"6f1c2a90-1111-4222-8333-944455556666",` +
        `"type":"model-version.created","v":1}`,
    );
  });

  it('writes what the general canonicaliser would, and reads it back', () => {
    fc.assert(
      fc.property(headers, (h) => {
        const { evidence, ...rest } = h;
        const expected = evidence === undefined ? rest : h;
        const bytes = encodeEntry(h);
        expect(bytes.equals(canonicalize(object(expected)))).toBe(true);
        expect(decodeEntry(bytes)).toEqual({ ok: true, header: expected });
      }),
    );
  });

  it('gives the RFC 6962 leaf hash beside the bytes', () => {
    const leaf = encodeLeaf(header);
    expect(leaf.canonical.equals(encodeEntry(header))).toBe(true);
    expect(leaf.leafHash.equals(leafHash(leaf.canonical))).toBe(true);
    expect(leaf.leafHashHex).toBe(leaf.leafHash.toString('hex'));
  });

  it('takes an entry of exactly 65,535 bytes and refuses one byte more', () => {
    const room = ENTRY_BYTES_MAX - encodeEntry({ ...header, subject: 'x' }).length + 1;
    const largest = encodeEntry({ ...header, subject: 'x'.repeat(room) });
    expect(largest.length).toBe(65_535);
    expect(decodeEntry(largest).ok).toBe(true);
    const larger = { ...header, subject: 'x'.repeat(room + 1) };
    expect(() => encodeEntry(larger)).toThrow(expect.objectContaining({ code: 'ENTRY_TOO_LARGE' }));
    expect(decodeEntry(canonicalize(object(larger)))).toMatchObject({ code: 'ENTRY_TOO_LARGE' });
  });
});

describe('an entry is refused, written or read, when', () => {
  const broken: [string, Partial<Record<keyof EntryHeader, unknown>>][] = [
    ['a text is empty', { actor: '' }],
    ['the delivery is no string', { delivery: 7 }],
    ['the id is in capitals', { id: header.id.toUpperCase() + 'A' }],
    ['the tenant is no UUID', { tenant: 'acme' }],
    ['the payload digest has no prefix', { payload: 'a'.repeat(64) }],
    ['the evidence digest is in capitals', { evidence: `sha256:${'E'.repeat(64)}` }],
    ['prev is too short', { prev: '0'.repeat(63) }],
    ['prev is followed by a line feed', { prev: `${'0'.repeat(64)}\n` }],
    ['a time has no milliseconds', { occurredAt: '2026-11-21T06:00:00Z' }],
    ['a time has an offset', { recordedAt: '2026-11-21T06:00:00.000+01:00' }],
    ['a day does not exist', { occurredAt: '2026-02-30T06:00:00.000Z' }],
    ['an hour does not exist', { occurredAt: '2026-02-20T24:00:00.000Z' }],
    ['a year has six digits', { occurredAt: '+012026-02-20T06:00:00.000Z' }],
    ['seq is negative', { seq: -1 }],
    ['seq is no integer', { seq: 1.5 }],
    ['seq is a string', { seq: '17' }],
    ['seq is beyond 2^53', { seq: 2 ** 53 }],
  ];
  it.each(broken)('%s', (_name, change) => {
    const bad = { ...header, ...change } as EntryHeader;
    expect(() => encodeEntry(bad)).toThrow(
      expect.objectContaining({ code: 'ENTRY_FIELD_INVALID' }),
    );
    expect(decodeEntry(canonicalize(object(bad)))).toMatchObject({ code: 'ENTRY_FIELDS' });
  });

  it('29 February exists only in leap years', () => {
    const on = (day: string): EntryHeader => ({ ...header, occurredAt: `${day}T00:00:00.000Z` });
    expect(decodeEntry(canonicalize(object(on('2028-02-29')))).ok).toBe(true);
    expect(decodeEntry(canonicalize(object(on('2026-02-29')))).ok).toBe(false);
  });
});

it('encodeEntry refuses NUL and lone surrogates, which no reader would take back', () => {
  const coded = (code: string): Error => expect.objectContaining({ code }) as Error;
  expect(() => encodeEntry({ ...header, subject: 'a\0' })).toThrow(coded('ENTRY_FIELD_INVALID'));
  expect(() => encodeEntry({ ...header, subject: '\ud800' })).toThrow(coded('LONE_SURROGATE'));
});

describe('decodeEntry refuses', () => {
  const good = object(header);
  const { actor: _actor, ...withoutActor } = good;
  const reordered = Object.fromEntries(Object.entries(good).reverse());
  const cases: [string, Uint8Array, string][] = [
    ['another kind', canonicalize({ ...good, kind: 'audit/2' }), 'ENTRY_KIND_UNKNOWN'],
    ['another version', canonicalize({ ...good, v: 2 }), 'ENTRY_KIND_UNKNOWN'],
    ['an unknown field', canonicalize({ ...good, extra: 1 }), 'ENTRY_FIELDS'],
    ['a missing field', canonicalize(withoutActor), 'ENTRY_FIELDS'],
    ['a null evidence', canonicalize({ ...good, evidence: null }), 'ENTRY_FIELDS'],
    ['keys in another order', text(reordered), 'ENTRY_NOT_CANONICAL'],
    ['white space', Buffer.from(JSON.stringify(good, null, 1)), 'ENTRY_NOT_CANONICAL'],
    [
      'an escape that was not needed',
      Buffer.from(canonicalize(good).toString().replace('"d-1"', '"\\u0064-1"')),
      'ENTRY_NOT_CANONICAL',
    ],
    [
      'seq written as a float',
      Buffer.from(canonicalize(good).toString().replace('"seq":17', '"seq":17.0')),
      'ENTRY_NOT_CANONICAL',
    ],
    [
      'a duplicate key',
      Buffer.from(canonicalize(good).toString().replace('{', '{"actor":"x",')),
      'ENTRY_MALFORMED',
    ],
    ['an array', Buffer.from('[]'), 'ENTRY_MALFORMED'],
    ['nothing', Buffer.alloc(0), 'ENTRY_MALFORMED'],
  ];
  it.each(cases)('%s', (_name, bytes, code) => {
    expect(decodeEntry(bytes)).toMatchObject({ ok: false, code });
  });

  it('any entry with one byte changed, or reads another header', () => {
    const bytes = encodeEntry(header);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const result = decodeEntry(changed);
        if (result.ok) expect(result.header).not.toEqual(header);
      }),
    );
  });
});

describe('a lenient reader is caught by these tests', () => {
  const good = object(header);
  const samples: Uint8Array[] = [
    canonicalize({ ...good, kind: 'audit/2' }),
    canonicalize({ ...good, extra: 1 }),
    canonicalize({ ...good, occurredAt: '2026-02-30T06:00:00.000Z' }),
    canonicalize({ ...good, subject: 'x'.repeat(70_000) }),
    Buffer.from(JSON.stringify(good, null, 1)),
    Buffer.from(canonicalize(good).toString().replace('{', '{"actor":"x",')),
  ];
  const reads = (read: (bytes: Uint8Array) => boolean): number[] =>
    samples.flatMap((bytes, i) => (read(bytes) ? [i] : []));
  const parsed = (bytes: Uint8Array): Record<string, unknown> =>
    JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  const repaired = (change: (fields: Record<string, unknown>) => object) => (bytes: Uint8Array) =>
    decodeEntry(canonicalize(change(parsed(bytes)))).ok;

  it('while the real one refuses all of them', () => {
    expect(reads((bytes) => decodeEntry(bytes).ok)).toEqual([]);
  });
  it.each([
    ['any kind', repaired((fields) => ({ ...fields, kind: 'audit/1' })), 0],
    ['further fields', repaired(({ extra: _extra, ...fields }) => fields), 1],
    ['any day', repaired((f) => ({ ...f, occurredAt: header.occurredAt })), 2],
    ['any size', repaired((f) => ({ ...f, subject: header.subject })), 3],
    ['any spelling', repaired((fields) => fields), 4],
    ['duplicate keys', repaired((fields) => fields), 5],
  ])('one that takes %s', (_name, mutant, sample) => {
    expect(reads(mutant)).toContain(sample);
  });
});
