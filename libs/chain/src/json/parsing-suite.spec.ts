import {
  IMPLEMENTATION_DEFINED,
  MUST_ACCEPT,
  MUST_REFUSE,
  type JsonCase,
} from '../../../../test/support/json-corpus.js';
import { DEFAULT_LIMITS, OPEN_LINEAGE_LIMITS } from './limits.js';
import { parseStrictJson, type StrictJsonCode } from './strict-json.js';

describe('the strict reader', () => {
  it.each(MUST_REFUSE)('refuses %s, which is no JSON', (_name, bytes) => {
    expect(parseStrictJson(bytes).ok).toBe(false);
    expect(parseStrictJson(bytes, OPEN_LINEAGE_LIMITS).ok).toBe(false);
  });

  it.each(IMPLEMENTATION_DEFINED)(
    'refuses %s, which readers understand differently',
    (_, bytes) => {
      const read = parseStrictJson(bytes);
      expect(read.ok).toBe(false);
      // Never as bad syntax where the text has a meaning to some: the code says what is wrong.
      if (!read.ok) expect(CODES).toContain(read.code);
    },
  );
  const CODES: StrictJsonCode[] = [
    ...([
      'NUMBER_OUT_OF_RANGE',
      'LONE_SURROGATE',
      'DUPLICATE_KEY',
      'NUL',
      'FORBIDDEN_KEY',
    ] as const),
    ...(['TOO_DEEP', 'BOM', 'INVALID_UTF8'] as const),
  ];

  it.each(MUST_ACCEPT)('takes %s as JSON.parse does', (_name, bytes) => {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    expect(parseStrictJson(bytes)).toEqual({ ok: true, value });
  });

  it('refuses any text that it takes with garbage behind it', () => {
    for (const [name, bytes] of MUST_ACCEPT) {
      for (const tail of ['x', ',', '\0', ']', '}', '"', '\ufeff', 'null']) {
        const bad = Buffer.concat([bytes, Buffer.from(` ${tail}`)]);
        expect([name, tail, parseStrictJson(bad).ok]).toEqual([name, tail, false]);
      }
    }
  });

  it('refuses any text that it takes behind a byte order mark, and every beginning of a container', () => {
    for (const [, bytes] of MUST_ACCEPT) {
      expect(parseStrictJson(Buffer.concat([Buffer.from('efbbbf', 'hex'), bytes])).ok).toBe(false);
      const trimmed = Buffer.from(Buffer.from(bytes).toString('utf8').trim());
      if (trimmed[0] !== 0x5b && trimmed[0] !== 0x7b) continue;
      for (let end = 1; end < trimmed.length; end++) {
        expect(parseStrictJson(trimmed.subarray(0, end)).ok).toBe(false);
      }
    }
  });

  it('understands integers beyond a double as their digits, which loses nothing', () => {
    const big = '[100000000000000000000,-123123123123123123123123123123,9007199254740993]';
    const value = ['100000000000000000000', '-123123123123123123123123123123', '9007199254740993'];
    expect(parseStrictJson(Buffer.from(big))).toEqual({ ok: true, value });
  });
});

describe('the corpus is sharp enough to catch a reader that', () => {
  const lax = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  const real = (bytes: Uint8Array): boolean => parseStrictJson(bytes, DEFAULT_LIMITS).ok;
  const edited =
    (edit: (text: string) => string) =>
    (bytes: Uint8Array): boolean =>
      bytes.length < 10_000 && real(Buffer.from(edit(utf8(bytes)), 'utf8'));
  const mutants: [string, readonly JsonCase[], (bytes: Uint8Array) => boolean][] = [
    ['is JSON.parse', IMPLEMENTATION_DEFINED, (bytes) => bytes.length < 10_000 && lax(utf8(bytes))],
    ['decodes UTF-8 with replacement', IMPLEMENTATION_DEFINED, edited((text) => text)],
    [
      'drops a byte order mark',
      IMPLEMENTATION_DEFINED,
      edited((text) => text.replace(/^\ufeff/, '')),
    ],
    [
      'takes the last of two keys',
      IMPLEMENTATION_DEFINED,
      edited((text) => text.replace(/"a":1,/, '')),
    ],
    [
      'makes lone surrogates U+FFFD',
      IMPLEMENTATION_DEFINED,
      edited((text) => text.replace(/\\ud8../i, '\\ufffd')),
    ],
    [
      'makes 0 of what underflows',
      IMPLEMENTATION_DEFINED,
      edited((text) => text.replace(/e-\d{3,}/, 'e-1')),
    ],
    [
      'makes infinity a large number',
      IMPLEMENTATION_DEFINED,
      edited((text) => text.replace(/e\+?\d{3,}/, 'e9')),
    ],
    ['allows a comma at the end', MUST_REFUSE, edited((text) => text.replace(/,(?=[\]}])/, ''))],
    [
      'allows comments',
      MUST_REFUSE,
      edited((text) => text.replace(/\/\*.*\*\/|(\/\/|#).*$/gm, '')),
    ],
    ['allows single quotes', MUST_REFUSE, edited((text) => text.replaceAll("'", '"'))],
    ['allows leading zeros', MUST_REFUSE, edited((text) => text.replace(/^(-?)0+(?=\d)/, '$1'))],
    ['allows a leading plus', MUST_REFUSE, edited((text) => text.replace(/^\+/, ''))],
    [
      'allows control characters in strings',
      MUST_REFUSE,
      edited((text) => text.replace(/[\n\r\t]/g, 'x')),
    ],
    [
      'reads only the first value',
      MUST_REFUSE,
      edited((text) => text.replace(/^(\[\]|\{\}).*/s, '$1')),
    ],
    ['ignores NUL at the end', MUST_REFUSE, edited((text) => text.replace(/\0+$/, ''))],
    ['takes words in any case', MUST_REFUSE, edited((text) => text.toLowerCase())],
  ];
  it.each(mutants)('%s', (_name, corpus, mutant) => {
    expect(corpus.some(([, bytes]) => mutant(bytes))).toBe(true);
  });
});
