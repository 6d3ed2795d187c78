import fc from 'fast-check';
import { decodeEntryBundle, ENTRY_BUNDLE_BYTES_MAX, encodeEntryBundle } from './entry-bundle.js';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('an entry bundle', () => {
  it('is a length in two bytes, big-endian, and the entry, for each', () => {
    const bundle = bytes('00036f6e65' + '000374776f' + '0000');
    const entries = [Buffer.from('one'), Buffer.from('two'), Buffer.alloc(0)];
    expect(encodeEntryBundle(entries).equals(bundle)).toBe(true);
    expect(decodeEntryBundle(bundle)?.map((entry) => Buffer.from(entry))).toEqual(entries);
  });

  it('goes there and back', () => {
    const entry = fc.uint8Array({ maxLength: 700 });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 256 }), (entries) => {
        const back = decodeEntryBundle(encodeEntryBundle(entries));
        expect(back?.map((b) => Buffer.from(b))).toEqual(entries.map((b) => Buffer.from(b)));
      }),
      { numRuns: 30 },
    );
  });

  it('of any bytes is read whole or not at all, and printed back the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
        const entries = decodeEntryBundle(input);
        if (entries !== null) expect(encodeEntryBundle(entries).equals(input)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('holds the longest entry and 256 of them, and no more', () => {
    const largest = Buffer.alloc(65_535, 1);
    expect(encodeEntryBundle([largest]).length).toBe(65_537);
    expect(() => encodeEntryBundle([Buffer.alloc(65_536)])).toThrow(
      expect.objectContaining({ code: 'ENTRY_TOO_LARGE' }),
    );
    const full = encodeEntryBundle(new Array<Buffer>(256).fill(largest));
    expect(full.length).toBe(ENTRY_BUNDLE_BYTES_MAX);
    expect(decodeEntryBundle(full)).toHaveLength(256);
    expect(decodeEntryBundle(Buffer.concat([full, bytes('0000')]))).toBeNull();
  });

  it.each([0, 257])('is not made of %i entries', (count) => {
    const entries = new Array<Buffer>(count).fill(Buffer.of(1));
    expect(() => encodeEntryBundle(entries)).toThrow(
      expect.objectContaining({ code: 'INDEX_OUT_OF_RANGE' }),
    );
  });

  const refused: [string, string][] = [
    ['nothing', ''],
    ['half a length', '0003'.slice(0, 2)],
    ['a length beyond the end', '00046f6e65'],
    ['a byte behind the last entry', '00036f6e6500'],
  ];
  it.each(refused)('of %s is refused', (_name, hex) => {
    expect(decodeEntryBundle(bytes(hex))).toBeNull();
  });

  type Decode = (input: Buffer) => unknown[] | null;
  const mutants: [string, Decode][] = [
    [
      'ignores what is left over',
      (input) => decodeEntryBundle(input) ?? decodeEntryBundle(input.subarray(0, -1)),
    ],
    [
      'cuts the last entry short',
      (input) => decodeEntryBundle(Buffer.concat([input, Buffer.alloc(1)])),
    ],
    ['takes an empty bundle', (input) => (input.length === 0 ? [] : decodeEntryBundle(input))],
  ];
  it.each(mutants)('a reader that %s is caught', (_name, mutant) => {
    expect(refused.some(([, hex]) => mutant(bytes(hex)) !== null)).toBe(true);
  });
});
