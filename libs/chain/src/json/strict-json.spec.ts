import fc from 'fast-check';
import { DEFAULT_LIMITS, OPEN_LINEAGE_LIMITS } from './limits.js';
import { parseStrictJson, type StrictJsonCode } from './strict-json.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const raw = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? bytes(part) : Buffer.from(part))));

function code(input: Uint8Array, limits = DEFAULT_LIMITS): StrictJsonCode | 'OK' {
  const result = parseStrictJson(input, limits);
  return result.ok ? 'OK' : result.code;
}

describe('parseStrictJson refuses', () => {
  const hostile: [string, Uint8Array, StrictJsonCode][] = [
    ['a duplicate key', bytes('{"a":1,"a":2}'), 'DUPLICATE_KEY'],
    ['a duplicate key behind an escape', bytes('{"a":1,"\\u0061":2}'), 'DUPLICATE_KEY'],
    ['a duplicate key in a nested object', bytes('[{"x":{"k":1,"b":2,"k":1}}]'), 'DUPLICATE_KEY'],
    ['a duplicate empty key', bytes('{"":1,"":1}'), 'DUPLICATE_KEY'],
    ['a duplicate numeric key', bytes('{"1":1,"1":1}'), 'DUPLICATE_KEY'],
    ['__proto__', bytes('{"__proto__":{"x":1}}'), 'FORBIDDEN_KEY'],
    ['an escaped __proto__', bytes('{"\\u005f_proto__":1}'), 'FORBIDDEN_KEY'],
    ['a lone high surrogate', bytes('"\\ud800"'), 'LONE_SURROGATE'],
    ['a lone low surrogate', bytes('"\\udc00x"'), 'LONE_SURROGATE'],
    ['a reversed surrogate pair', bytes('"\\udc00\\ud800"'), 'LONE_SURROGATE'],
    ['a lone surrogate in a key', bytes('{"\\uDFFF":1}'), 'LONE_SURROGATE'],
    ['a byte order mark', raw([0xef, 0xbb, 0xbf], '{}'), 'BOM'],
    ['UTF-16', raw([0xff, 0xfe, 0x7b, 0x00]), 'INVALID_UTF8'],
    ['an overlong slash', raw('"', [0xc0, 0xaf], '"'), 'INVALID_UTF8'],
    ['an overlong NUL', raw('"', [0xc0, 0x80], '"'), 'INVALID_UTF8'],
    ['an overlong 3-byte form', raw('"', [0xe0, 0x80, 0xaf], '"'), 'INVALID_UTF8'],
    ['an encoded surrogate', raw('"', [0xed, 0xa0, 0x80], '"'), 'INVALID_UTF8'],
    ['a code point beyond U+10FFFF', raw('"', [0xf4, 0x90, 0x80, 0x80], '"'), 'INVALID_UTF8'],
    ['a stray continuation byte', raw('"', [0x80], '"'), 'INVALID_UTF8'],
    ['a truncated sequence', raw('"é'.slice(0, 1), [0xe2, 0x82]), 'INVALID_UTF8'],
    ['a truncated sequence before a quote', raw('"', [0xe2, 0x82], '"'), 'INVALID_UTF8'],
    ['an escaped NUL', bytes('"a\\u0000b"'), 'NUL'],
    ['a NUL byte in a string', raw('"', [0], '"'), 'NUL'],
    ['a NUL byte behind the value', raw('{}', [0]), 'SYNTAX'],
    ['a NUL byte in the place of a value', raw('[', [0], ']'), 'NUL'],
    ['1e400', bytes('1e400'), 'NUMBER_OUT_OF_RANGE'],
    ['-1e400', bytes('[-1e400]'), 'NUMBER_OUT_OF_RANGE'],
    ['1.0e999', bytes('{"a":1.0e999}'), 'NUMBER_OUT_OF_RANGE'],
    ['1e-400', bytes('1e-400'), 'NUMBER_OUT_OF_RANGE'],
    ['-0.001e-400', bytes('[-0.001e-400]'), 'NUMBER_OUT_OF_RANGE'],
    ['a control character in a string', bytes('"a\nb"'), 'SYNTAX'],
    ['a tab in a key', bytes('{"a\t":1}'), 'SYNTAX'],
    ['trailing garbage', bytes('{} x'), 'SYNTAX'],
    ['a second value', bytes('{}{}'), 'SYNTAX'],
    ['a line comment', bytes('{} // x'), 'SYNTAX'],
    ['a block comment', bytes('{/* x */}'), 'SYNTAX'],
    ['a trailing comma in an array', bytes('[1,]'), 'SYNTAX'],
    ['a trailing comma in an object', bytes('{"a":1,}'), 'SYNTAX'],
    ['a missing comma', bytes('[1 2]'), 'SYNTAX'],
    ['a missing colon', bytes('{"a" 1}'), 'SYNTAX'],
    ['a missing value', bytes('{"a":}'), 'SYNTAX'],
    ['an unquoted key', bytes('{a:1}'), 'SYNTAX'],
    ['a single-quoted string', bytes("'a'"), 'SYNTAX'],
    ['an unclosed object', bytes('{"a":1'), 'SYNTAX'],
    ['an unclosed array', bytes('[1'), 'SYNTAX'],
    ['an unclosed string', bytes('"abc'), 'SYNTAX'],
    ['a string ending in a backslash', bytes('"abc\\'), 'SYNTAX'],
    ['an unknown escape', bytes('"\\x41"'), 'SYNTAX'],
    ['a short \\u escape', bytes('"\\u12"'), 'SYNTAX'],
    ['a signed \\u escape', bytes('"\\u+123"'), 'SYNTAX'],
    ['nothing', bytes(''), 'SYNTAX'],
    ['white space alone', bytes(' \n'), 'SYNTAX'],
    ['a form feed as white space', bytes('\f{}'), 'SYNTAX'],
    ['a no-break space', bytes('\u00a0{}'), 'SYNTAX'],
    ['NaN', bytes('NaN'), 'SYNTAX'],
    ['Infinity', bytes('-Infinity'), 'SYNTAX'],
    ['a leading zero', bytes('01'), 'SYNTAX'],
    ['a leading plus', bytes('+1'), 'SYNTAX'],
    ['a bare minus', bytes('-'), 'SYNTAX'],
    ['a number ending in a point', bytes('1.'), 'SYNTAX'],
    ['a number starting with a point', bytes('.5'), 'SYNTAX'],
    ['an empty exponent', bytes('1e'), 'SYNTAX'],
    ['hexadecimal', bytes('0x10'), 'SYNTAX'],
    ['a capital word', bytes('True'), 'SYNTAX'],
    ['a cut word', bytes('nul'), 'SYNTAX'],
    ['a longer word', bytes('nullx'), 'SYNTAX'],
    ['depth 1,000', bytes('['.repeat(1000) + ']'.repeat(1000)), 'TOO_DEEP'],
    ['depth 100,000 never closed', bytes('[{"a":'.repeat(50_000)), 'TOO_DEEP'],
  ];

  it.each(hostile)('%s', (_name, input, expected) => {
    expect(code(input)).toBe(expected);
  });

  it('values just above each limit, and takes those just at it', () => {
    const nested = (depth: number): Buffer => bytes('['.repeat(depth) + ']'.repeat(depth));
    expect(code(nested(32))).toBe('OK');
    expect(code(nested(33))).toBe('TOO_DEEP');
    expect(code(nested(200), OPEN_LINEAGE_LIMITS)).toBe('OK');
    expect(code(nested(201), OPEN_LINEAGE_LIMITS)).toBe('TOO_DEEP');
    const list = (nodes: number): Buffer => bytes(`[${'1,'.repeat(nodes - 2)}1]`);
    expect(code(list(50_000))).toBe('OK');
    expect(code(list(50_001))).toBe('TOO_MANY_NODES');
    expect(code(bytes(`"${'a'.repeat(262_144)}"`))).toBe('OK');
    expect(code(bytes(`"${'a'.repeat(262_145)}"`))).toBe('STRING_TOO_LONG');
    expect(code(bytes(`"${'é'.repeat(131_072)}"`))).toBe('OK');
    expect(code(bytes(`"${'é'.repeat(131_073)}"`))).toBe('STRING_TOO_LONG');
    expect(code(bytes('1'.repeat(262_145)))).toBe('STRING_TOO_LONG');
    expect(code(bytes(`${' '.repeat(1_048_575)}1`))).toBe('OK');
    expect(code(bytes(`${' '.repeat(1_048_576)}1`))).toBe('TOO_LARGE');
  });

  it('an unlimited depth: the ceiling of 512 protects the stack', () => {
    const limits = { ...DEFAULT_LIMITS, depthMax: 1_000_000 };
    expect(code(bytes('['.repeat(300_000)), limits)).toBe('TOO_DEEP');
  });

  it('and says where, in bytes', () => {
    expect(parseStrictJson(bytes('{"é":1,"é":2}'))).toMatchObject({ offset: 8 });
    expect(parseStrictJson(raw('"é', [0xff]))).toMatchObject({ offset: 3 });
    expect(parseStrictJson(bytes('[1,2'))).toMatchObject({ offset: 4 });
  });
});

describe('parseStrictJson keeps', () => {
  it('integers beyond 2^53 - 1 as their exact digits', () => {
    const text = '[9007199254740991,9007199254740992,9007199254740993,-9007199254740993]';
    expect(parseStrictJson(bytes(text))).toEqual({
      ok: true,
      value: [9007199254740991, '9007199254740992', '9007199254740993', '-9007199254740993'],
    });
  });

  it('such integers as numbers when re-reading what a canonicaliser printed', () => {
    const limits = { ...DEFAULT_LIMITS, bigIntegers: 'double' as const };
    expect(parseStrictJson(bytes('[9007199254740992,9007199254740993]'), limits)).toEqual({
      ok: true,
      value: [9007199254740992, '9007199254740993'],
    });
  });

  it('-0 and floats as doubles', () => {
    expect(parseStrictJson(bytes('[-0,-0.0,1.5,1E2,0e-400,5e-324]'))).toEqual({
      ok: true,
      value: [-0, -0, 1.5, 100, 0, 5e-324],
    });
  });

  it('keys named like inherited properties as plain members', () => {
    const text = '{"constructor":1,"toString":2,"hasOwnProperty":3,"prototype":4}';
    const result = parseStrictJson(bytes(text));
    expect(result.ok && JSON.stringify(result.value)).toBe(text);
  });

  it('U+2028, DEL, noncharacters and look-alikes apart', () => {
    expect(code(bytes('{"\u2028":"\u007f\uffff","e\u0301":1,"\u00e9":2}'))).toBe('OK');
  });

  it('a surrogate pair written as two escapes', () => {
    expect(parseStrictJson(bytes('"\\ud83d\\ude00"'))).toEqual({ ok: true, value: '😀' });
  });
});

/** What JSON.parse makes of a text; null when it refuses it. */
function lenient(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

describe('parseStrictJson agrees with JSON.parse', () => {
  it('on every value JSON.stringify can print without the refused features', () => {
    const safe = fc.jsonValue({ maxDepth: 6 }).filter((value) => {
      const text = JSON.stringify(value);
      return !/__proto__|\\u0000|\\ud[89a-f]/i.test(text) && !/\d{16}/.test(text);
    });
    fc.assert(
      fc.property(safe, fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseStrictJson(bytes(text))).toEqual({
          ok: true,
          value: JSON.parse(text) as unknown,
        });
      }),
    );
  });

  it('never takes a text that JSON.parse refuses, and never throws', () => {
    const piece = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '"a"', '\\', '\\u00', '1', '-', '.', 'e5', '0'],
      ...['true', 'null', ' ', '\n', 'é', '/', '\u0001'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const strict = parseStrictJson(bytes(text));
        const lax = lenient(text);
        if (strict.ok) expect(lax).toEqual({ value: strict.value });
        else if (lax !== null) expect(strict.code).not.toBe('SYNTAX');
      }),
      { numRuns: 3000 },
    );
  });

  it('never throws on arbitrary bytes, and finds the invalid byte TextDecoder objects to', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (input) => {
        const result = parseStrictJson(input);
        if (!result.ok) expect(result.offset).toBeLessThanOrEqual(input.length);
        if (!result.ok && result.code === 'INVALID_UTF8') {
          const good = input.subarray(0, result.offset);
          expect(() => new TextDecoder('utf-8', { fatal: true }).decode(good)).not.toThrow();
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseStrictJson with duplicateKeys: equal', () => {
  const limits = { ...DEFAULT_LIMITS, duplicateKeys: 'equal' } as const;
  const read = (text: string) => parseStrictJson(bytes(text), limits);

  it.each([
    ['{"a":{"b":1,"c":[2]},"x":0,"a":{"c":[2],"b":1.0}}', { a: { b: 1, c: [2] }, x: 0 }],
    ['{"a":null,"a":null}', { a: null }],
    ['{"a":1,"a":1,"a":1}', { a: 1 }],
  ])('takes %s', (text, value) => {
    expect(read(text)).toEqual({ ok: true, value });
  });

  it.each([
    ['{"a":1,"a":2}', 'DUPLICATE_KEY'],
    ['{"a":1,"a":1,"a":2}', 'DUPLICATE_KEY'],
    ['{"a":null,"a":false}', 'DUPLICATE_KEY'],
    ['[{"x":{"k":[1],"k":[1,1]}}]', 'DUPLICATE_KEY'],
    ['{"a":"\\ud800","a":"\\ud800"}', 'LONE_SURROGATE'],
    ['{"__proto__":1,"__proto__":1}', 'FORBIDDEN_KEY'],
  ])('refuses %s', (text, code) => {
    expect(read(text)).toMatchObject({ ok: false, code });
  });
});
