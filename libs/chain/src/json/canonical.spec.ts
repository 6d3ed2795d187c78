import reference from 'canonicalize';
import fc from 'fast-check';
import { canonicalize, canonicalText } from './canonical.js';
import { CANONICAL_LIMITS } from './limits.js';
import { parseStrictJson } from './strict-json.js';

const fromBits = (hex: string): number => Buffer.from(hex, 'hex').readDoubleBE();

describe('canonicalize gives the published answers', () => {
  it('of RFC 8785 §3.2.2: the sample object', () => {
    const input =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
      '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",' +
      '"literals":[null,true,false]}';
    expect(canonicalText(JSON.parse(input))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('of RFC 8785 §3.2.4: the UTF-8 bytes of that sample', () => {
    const value = { literals: [null, true, false], string: '€$\u000f\nA\'B"\\\\"/' };
    expect(canonicalize(value).toString('hex')).toBe(
      Buffer.from(
        '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
      ).toString('hex'),
    );
    expect(canonicalize('€').toString('hex')).toBe('22e282ac22');
  });

  it('of RFC 8785 §3.2.3: keys by UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      1: 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = Object.values(JSON.parse(canonicalText(value)) as Record<string, string>);
    expect(order).toEqual([
      ...['One', 'Carriage Return', 'Control', 'Latin Small Letter O With Diaeresis'],
      ...['Euro Sign', 'Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh'],
    ]);
  });

  const numbers: [string, string][] = [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ];
  it.each(numbers)('of RFC 8785 appendix B: %s is %s', (bits, text) => {
    expect(canonicalText(fromBits(bits))).toBe(text);
  });

  it('and applies no Unicode normalisation', () => {
    expect(canonicalText('A\u030a')).toBe('"A\u030a"');
  });
});

describe('canonicalize refuses', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const refused: [string, unknown, string][] = [
    ['NaN', NaN, 'NUMBER_NOT_FINITE'],
    ['infinity', [1, -Infinity], 'NUMBER_NOT_FINITE'],
    ['a lone high surrogate', '\ud800', 'LONE_SURROGATE'],
    ['a lone low surrogate in a key', { '\udc00': 1 }, 'LONE_SURROGATE'],
    ['undefined', undefined, 'UNSUPPORTED_VALUE'],
    ['an undefined member', { a: undefined }, 'UNSUPPORTED_VALUE'],
    ['a hole in an array', new Array(2), 'UNSUPPORTED_VALUE'],
    ['a bigint', 1n, 'UNSUPPORTED_VALUE'],
    ['a function', () => 1, 'UNSUPPORTED_VALUE'],
    ['a Date', new Date(0), 'UNSUPPORTED_VALUE'],
    ['a Map', new Map(), 'UNSUPPORTED_VALUE'],
    ['bytes', new Uint8Array(1), 'UNSUPPORTED_VALUE'],
    ['a cycle', cyclic, 'TOO_DEEP'],
  ];
  it.each(refused)('%s', (_name, value, code) => {
    expect(() => canonicalize(value)).toThrow(expect.objectContaining({ code }));
  });
});

describe('canonicalize by property', () => {
  const json = fc.jsonValue({ maxDepth: 5, noUnicodeString: false });

  it('agrees with an independent implementation', () => {
    fc.assert(
      fc.property(json, (value) => {
        let expected: string | undefined;
        try {
          expected = reference(value);
        } catch {
          expected = undefined;
        }
        if (expected === undefined) expect(() => canonicalText(value)).toThrow();
        else expect(canonicalText(value)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('agrees with it on any double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(canonicalText(value)).toBe(reference(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('is idempotent: reading its bytes and printing again changes nothing', () => {
    const value = fc.oneof(json, fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(value, (input) => {
        let first: Buffer;
        try {
          first = canonicalize(input);
        } catch {
          return; // a lone surrogate
        }
        const read = parseStrictJson(first, CANONICAL_LIMITS);
        if (!read.ok) expect(['NUL', 'FORBIDDEN_KEY']).toContain(read.code);
        else expect(canonicalize(read.value).equals(first)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the tests of canonicalize are sharp enough to catch', () => {
  /** The checks above in small; each mutant must fail one of them. */
  const holds = (print: (value: unknown) => string): boolean => {
    try {
      return (
        print({ '\ud83d\ude00': 1, '\ufb33': 2 }) === '{"😀":1,"\ufb33":2}' &&
        print({ b: -0, a: [1e21] }) === '{"a":[1e+21],"b":0}' &&
        print('\u2028/\u007f\u0001') === '"\u2028/\u007f\\u0001"' &&
        refuses(print, '\ud800') &&
        refuses(print, NaN)
      );
    } catch {
      return false;
    }
  };
  const refuses = (print: (value: unknown) => string, value: unknown): boolean => {
    try {
      print(value);
      return false;
    } catch {
      return true;
    }
  };
  const sorted = (value: unknown, compare: (a: string, b: string) => number): string =>
    JSON.stringify(value, (_key, member: unknown) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => compare(a, b)))
        : member,
    );
  const mutants: [string, (value: unknown) => string][] = [
    ['JSON.stringify as it is', (value) => JSON.stringify(value)],
    [
      'sorting by code points',
      (value) => sorted(value, (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    ],
    ['escaping the slash', (value) => canonicalText(value).replaceAll('/', '\\/')],
    ['printing -0 as such', (value) => canonicalText(value).replace('"b":0', '"b":-0')],
    [
      'letting lone surrogates pass',
      (value) => (typeof value === 'string' ? JSON.stringify(value) : canonicalText(value)),
    ],
    ['printing NaN as null', (value) => (Number.isNaN(value) ? 'null' : canonicalText(value))],
  ];

  it('nothing in the real one', () => {
    expect(holds(canonicalText)).toBe(true);
  });
  it.each(mutants)('%s', (_name, mutant) => {
    expect(holds(mutant)).toBe(false);
  });
});
