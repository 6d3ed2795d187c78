import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Json } from '../json/json.js';
import { commit, evidenceDigest } from './commitment.js';
import { openPayload, type DisclosedValue, type OpenPayloadResult } from './open.js';
import { sealPayload, type PersonalMark, type SealedPayload } from './seal.js';

class Personal implements PersonalMark {
  constructor(
    readonly value: Json,
    readonly dataSubject: string | null = null,
  ) {}
}

/** Salts 00…00, 01…01, … */
function counter(): () => Uint8Array {
  let next = 0;
  return () => Buffer.alloc(16, next++);
}

const seal = (tree: unknown): SealedPayload =>
  sealPayload(tree, {
    personal: (node) => (node instanceof Personal ? node : null),
    nextSalt: counter(),
  });
const digest = (...parts: (Uint8Array | string)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
const SALT = Buffer.alloc(16, 7);

describe('commitments', () => {
  it('are SHA-256 of the salt and the canonical JSON of the value', () => {
    expect(commit(SALT, 'Ana')).toBe(digest(SALT, '"Ana"'));
    expect(commit(SALT, { b: 1, a: [null] })).toBe(digest(SALT, '{"a":[null],"b":1}'));
  });
  it('of evidence are SHA-256 of the salt and the received bytes', () => {
    expect(evidenceDigest(SALT, Buffer.from('{ "a" : 1 }'))).toBe(digest(SALT, '{ "a" : 1 }'));
  });
  it('need 16 bytes of salt', () => {
    const refused = expect.objectContaining({ code: 'SALT_LENGTH' });
    expect(() => commit(Buffer.alloc(15), 1)).toThrow(refused);
    expect(() => evidenceDigest(Buffer.alloc(0), SALT)).toThrow(refused);
  });
});

describe('sealPayload', () => {
  it('puts commitments in the place of personal values and keeps these beside', () => {
    const sealed = seal({
      v: 1,
      data: { name: 'card-fraud', 'a/b~c': new Personal('hello', 'user:1'), gone: undefined },
      after: [new Personal({ x: 1 })],
    });
    expect(sealed.canonical.toString()).toBe(
      `{"after":[{"sd":"${digest(Buffer.alloc(16, 0), '{"x":1}')}"}],` +
        `"data":{"a/b~c":{"sd":"${digest(Buffer.alloc(16, 1), '"hello"')}"},"name":"card-fraud"},"v":1}`,
    );
    expect(sealed.digestHex).toBe(digest(sealed.canonical));
    expect(sealed.disclosures).toMatchObject([
      { path: '/after/0', saltHex: '00'.repeat(16), value: { x: 1 }, dataSubject: null },
      { path: '/data/a~1b~0c', saltHex: '01'.repeat(16), value: 'hello', dataSubject: 'user:1' },
    ]);
    expect(sealed.disclosures[1]?.valueCanonical.toString()).toBe('"hello"');
  });

  it('keeps a marked null as null: erased and absent must not look alike', () => {
    const sealed = seal({ a: new Personal(null) });
    expect(sealed.canonical.toString()).toBe('{"a":null}');
    expect(sealed.disclosures).toEqual([]);
  });

  it('leaves no personal text in the hashed bytes', () => {
    const sealed = seal({ who: new Personal('ana@example.com'), n: [new Personal('Ana')] });
    expect(sealed.canonical.toString()).not.toMatch(/ana/i);
  });

  it('commits a value that looks like a commitment, so that it cannot pass for an erased one', () => {
    const lookAlike = { sd: 'a'.repeat(64) };
    const sealed = seal({ data: lookAlike, more: { sd: 'no digest' } });
    expect(sealed.disclosures.map((d) => d.path)).toEqual(['/data']);
    expect(openPayload(sealed.canonical, sealed.disclosures)).toMatchObject({
      value: { data: lookAlike, more: { sd: 'no digest' } },
      undisclosed: [],
    });
  });

  const refused: [string, unknown, string][] = [
    ['a hole', { a: [undefined] }, 'UNSUPPORTED_VALUE'],
    ['a Date', { a: new Date() }, 'UNSUPPORTED_VALUE'],
    [
      'a mark inside a mark',
      new Personal({ a: new Personal(1) } as unknown as Json),
      'UNSUPPORTED_VALUE',
    ],
    ['a lone surrogate in a mark', { a: new Personal('\ud800') }, 'LONE_SURROGATE'],
    ['NaN', { a: NaN }, 'NUMBER_NOT_FINITE'],
    ['an own __proto__', JSON.parse('{"__proto__":1}') as unknown, 'UNSUPPORTED_VALUE'],
  ];
  it.each(refused)('refuses %s', (_name, tree, code) => {
    expect(() => seal(tree)).toThrow(expect.objectContaining({ code }));
  });
});

/** Trees in which some values are marked, with the readable form they must open to. */
const trees = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 0, 1.5, 'text', 1e20),
    fc.constantFrom<Json>('secret', { a: 'b' }, [1]).map((value) => new Personal(value)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b~', 'c/d', '', '0', 'sd'), tie('tree')),
  ),
})).tree;

function readable(tree: unknown, show: boolean): unknown {
  if (tree instanceof Personal) return show ? tree.value : null;
  if (Array.isArray(tree)) return tree.map((item) => readable(item, show));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, readable(v, show)]));
}

describe('openPayload', () => {
  it('gives back what was sealed, and null for what is not disclosed', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const { canonical, disclosures } = seal(tree);
        expect(openPayload(canonical, disclosures)).toEqual({
          ok: true,
          value: readable(tree, true),
          undisclosed: [],
        });
        const withheld = openPayload(canonical, []);
        expect(withheld).toMatchObject({ ok: true, value: readable(tree, false) });
        const paths = withheld.ok ? [...withheld.undisclosed].sort() : [];
        expect(paths).toEqual(disclosures.map((disclosure) => disclosure.path).sort());
      }),
    );
  });

  const { canonical, disclosures } = seal({ a: new Personal('x'), b: new Personal('x'), c: 1 });
  const [first, second] = disclosures as unknown as [DisclosedValue, DisclosedValue];
  const damages: [string, Uint8Array, DisclosedValue[], string][] = [
    ['another value', canonical, [{ ...first, value: 'y' }], 'DISCLOSURE_MISMATCH'],
    ['another salt', canonical, [{ ...first, salt: SALT }], 'DISCLOSURE_MISMATCH'],
    ['a short salt', canonical, [{ ...first, salt: SALT.subarray(1) }], 'DISCLOSURE_MISMATCH'],
    [
      'a value without canonical form',
      canonical,
      [{ ...first, value: '\ud800' }],
      'DISCLOSURE_MISMATCH',
    ],
    [
      'a disclosure moved to another commitment',
      canonical,
      [{ ...first, path: '/b' }],
      'DISCLOSURE_MISMATCH',
    ],
    [
      'a disclosure of an open value',
      canonical,
      [{ ...first, path: '/c' }],
      'DISCLOSURE_PATH_UNKNOWN',
    ],
    ['a disclosure of nothing', canonical, [{ ...second, path: '/zz' }], 'DISCLOSURE_PATH_UNKNOWN'],
    [
      'a disclosure below a commitment',
      canonical,
      [{ ...first, path: '/a/sd' }],
      'DISCLOSURE_PATH_UNKNOWN',
    ],
    ['the same disclosure twice', canonical, [first, first], 'DISCLOSURE_DUPLICATE'],
    ['white space', Buffer.from('{ }'), [], 'PAYLOAD_NOT_CANONICAL'],
    ['keys out of order', Buffer.from('{"b":1,"a":1}'), [], 'PAYLOAD_NOT_CANONICAL'],
    ['an integer beyond 2^53', Buffer.from('[9007199254740993]'), [], 'PAYLOAD_NOT_CANONICAL'],
    ['a duplicate key', Buffer.from('{"a":1,"a":1}'), [], 'PAYLOAD_MALFORMED'],
    ['no JSON', Buffer.from('x'), [], 'PAYLOAD_MALFORMED'],
  ];
  it.each(damages)('refuses %s', (_name, bytes, given, code) => {
    expect(openPayload(bytes, given)).toMatchObject({ ok: false, code });
  });

  type Open = (bytes: Uint8Array, given: readonly DisclosedValue[]) => OpenPayloadResult;
  const mutants: [string, Open][] = [
    [
      'any salt',
      (b, g) =>
        openPayload(
          b,
          g.map((d) => ({ ...d, salt: saltAt(d.path) })),
        ),
    ],
    [
      'any value',
      (b, g) =>
        openPayload(
          b,
          g.map((d) => ({ ...d, value: 'x' })),
        ),
    ],
    [
      'unknown paths',
      (b, g) =>
        openPayload(
          b,
          g.filter((d) => /^\/[ab]$/.test(d.path)),
        ),
    ],
    ['doubles', (b, g) => openPayload(b, [...new Map(g.map((d) => [d.path, d])).values()])],
    ['other spellings', (b, g) => openPayload(respelled(b), g)],
  ];
  const saltAt = (path: string): Uint8Array => Buffer.alloc(16, path === '/b' ? 1 : 0);
  const respelled = (bytes: Uint8Array): Uint8Array => {
    try {
      return seal(JSON.parse(Buffer.from(bytes).toString())).canonical;
    } catch {
      return bytes;
    }
  };
  it.each(mutants)('a reader that lets pass %s is caught by one of these', (_name, mutant) => {
    expect(damages.some(([, bytes, given]) => mutant(bytes, given).ok)).toBe(true);
  });
});
