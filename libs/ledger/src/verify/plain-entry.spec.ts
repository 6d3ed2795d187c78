import { encodeEntry, type EntryHeader } from '@countersign/chain';
import { asTenantId } from '@countersign/kernel';
import { PlainEntry } from './plain-entry.js';
import { COLUMN } from './range-rows.js';

const tenant = '6f1c2a90-1111-4222-8333-944455556666';
const header: EntryHeader = {
  actor: 'user:1',
  delivery: 'd-1',
  evidence: `sha256:${'e1'.repeat(32)}`,
  id: '018f3b1c-7a70-7000-8000-00000000000f',
  occurredAt: '1999-12-31T23:59:59.999Z',
  payload: `sha256:${'a0'.repeat(32)}`,
  prev: '0f'.repeat(32),
  recordedAt: '2026-11-21T06:07:01.250Z',
  seq: 1_017,
  source: 'mlflow/demo',
  subject: 'model/card-fraud/v3',
  tenant,
  type: 'model-version.created',
};

function timestamp(time: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Date.parse(time) - Date.UTC(2000, 0, 1)) * 1_000n);
  return bytes;
}
const hex = (text: string): Buffer => Buffer.from(text.replace('sha256:', ''), 'hex');

/** The row that the writer would have stored. */
function rowOf(h: EntryHeader): (Buffer | null)[] {
  const row: (Buffer | null)[] = [];
  row[COLUMN.sequence] = Buffer.alloc(8);
  row[COLUMN.canonical] = encodeEntry(h);
  row[COLUMN.leafHash] = Buffer.alloc(32);
  row[COLUMN.id] = hex(h.id.replaceAll('-', ''));
  row[COLUMN.recordedAt] = timestamp(h.recordedAt);
  row[COLUMN.occurredAt] = timestamp(h.occurredAt);
  for (const name of ['type', 'source', 'subject', 'actor', 'delivery'] as const) {
    row[COLUMN[name]] = Buffer.from(h[name]);
  }
  row[COLUMN.payloadDigest] = hex(h.payload);
  row[COLUMN.evidenceDigest] = h.evidence === undefined ? null : hex(h.evidence);
  return row;
}
const matches = (row: (Buffer | null)[], sequence = header.seq, prev = header.prev): boolean =>
  new PlainEntry(asTenantId(tenant)).matches(row, sequence, hex(prev));
const { evidence: _evidence, ...bare } = header;

describe('PlainEntry', () => {
  it('matches what the writer makes of the columns', () => {
    expect(matches(rowOf(header))).toBe(true);
    expect(matches(rowOf(bare))).toBe(true);
    for (const time of ['1969-12-31T23:59:59.001Z', '2024-02-29T12:34:56.789Z']) {
      expect(matches(rowOf({ ...header, occurredAt: time }))).toBe(true);
    }
  });

  it.each([[header], [bare]])('matches no entry with one byte changed, left out or added', (h) => {
    const bytes = encodeEntry(h);
    for (let at = 0; at <= bytes.length; at++) {
      for (const changed of [
        Buffer.concat([bytes.subarray(0, at), Buffer.from('0'), bytes.subarray(at)]),
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
        Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([(bytes[at] ?? 0) ^ 1]),
          bytes.subarray(at + 1),
        ]),
      ]) {
        if (changed.equals(bytes)) continue;
        const row = rowOf(h);
        row[COLUMN.canonical] = changed;
        expect([at, matches(row)]).toEqual([at, false]);
      }
    }
  });

  it('matches no row with one bit of a column changed, nor another place', () => {
    for (let column: number = COLUMN.id; column <= COLUMN.evidenceDigest; column++) {
      const length = rowOf(header)[column]?.length ?? 0;
      expect(length).toBeGreaterThan(0);
      for (let at = 0; at < length; at++) {
        const row = rowOf(header);
        const bytes = row[column] ?? Buffer.alloc(0);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        expect([column, at, matches(row)]).toEqual([column, at, false]);
      }
      const short = rowOf(header);
      short[column] = (short[column] ?? Buffer.alloc(0)).subarray(1);
      if (length > 8 || column > COLUMN.occurredAt) expect(matches(short)).toBe(false);
    }
    const gone = rowOf(header);
    gone[COLUMN.evidenceDigest] = null;
    expect(matches(gone)).toBe(false);
    expect(matches(rowOf(header), header.seq + 1)).toBe(false);
    expect(matches(rowOf(header), header.seq, 'ff'.repeat(32))).toBe(false);
  });

  it('leaves times to the rules that a double does not hold to the microsecond', () => {
    expect(matches(rowOf({ ...header, occurredAt: '0000-01-01T00:00:00.000Z' }))).toBe(false);
    const odd = rowOf(header);
    const time = odd[COLUMN.occurredAt] ?? Buffer.alloc(8);
    time.writeBigInt64BE(time.readBigInt64BE() + 1n);
    expect(matches(odd)).toBe(false);
  });

  it.each(['a"b', 'a\\b', 'line\n', 'Zoë', 'a\x7f'])('leaves %j to the rules', (subject) => {
    expect(matches(rowOf({ ...header, subject }))).toBe(false);
  });
});
