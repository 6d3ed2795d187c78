import fc from 'fast-check';
import { canonicalize } from '../json/canonical.js';
import { noteSigner, privateKeyFromSeed } from '../note/keys.js';
import { decodeHeadLeaf, type HeadLeafCode } from './decode-head-leaf.js';
import { encodeHeadLeaf } from './encode-head-leaf.js';
import type { HeadLeaf, KeyRotated } from './head-leaf.js';
import { signRotation, verifyRotation } from './key-rotation.js';

const ORIGIN = 'countersign.example/3f9a0c51d2e84b67';
const ROOT = Buffer.from('+HyOEvxyifhXWyH0KKyyHXdxtpWmzKQonm+lnoHpi2w=', 'base64');
const TIME = '2026-11-21T06:00:00.000Z';
const oldSigner = noteSigner(
  'countersign.example/heads/00112233',
  privateKeyFromSeed(Buffer.alloc(32, 1)),
);
const newSigner = noteSigner(oldSigner.name, privateKeyFromSeed(Buffer.alloc(32, 2)));
const rotation = signRotation(oldSigner, newSigner.verifier, TIME);

const known: [HeadLeaf, string][] = [
  [
    { kind: 'log.opened/1', openedAt: TIME, origin: ORIGIN },
    `{"kind":"log.opened/1","openedAt":"${TIME}","origin":"${ORIGIN}","v":1}`,
  ],
  [
    { kind: 'head/1', origin: ORIGIN, root: ROOT, size: 7n },
    `{"kind":"head/1","origin":"${ORIGIN}","root":"+HyOEvxyifhXWyH0KKyyHXdxtpWmzKQonm+lnoHpi2w=","size":7,"v":1}`,
  ],
  [
    {
      kind: 'log.pruned/1',
      bundle: `sha256:${'0a'.repeat(32)}`,
      minIndex: 65_536n,
      origin: ORIGIN,
    },
    `{"bundle":"sha256:${'0a'.repeat(32)}","kind":"log.pruned/1","minIndex":65536,"origin":"${ORIGIN}","v":1}`,
  ],
  [
    rotation,
    `{"kind":"key.rotated/1","newKey":"${rotation.newKey}","oldKey":"${rotation.oldKey}",` +
      `"origin":"${rotation.origin}","rotatedAt":"${TIME}",` +
      `"signature":"${Buffer.from(rotation.signature).toString('base64')}","v":1}`,
  ],
];

const anyLeaf: fc.Arbitrary<HeadLeaf> = fc.oneof(
  fc.record({
    kind: fc.constant('head/1' as const),
    origin: fc.stringMatching(/^[a-z./0-9]{1,40}$/),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    size: fc.bigInt(0n, 2n ** 53n - 1n),
  }),
  fc.record({
    kind: fc.constant('log.opened/1' as const),
    openedAt: fc
      .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((d) => d.toISOString()),
    origin: fc.stringMatching(/^[a-z./0-9]{1,40}$/),
  }),
);

describe('a leaf of the log of heads', () => {
  it.each(known.map(([leaf, text]) => [leaf.kind, leaf, text] as const))(
    '%s',
    (_kind, leaf, text) => {
      expect(encodeHeadLeaf(leaf).toString()).toBe(text);
      const read = decodeHeadLeaf(Buffer.from(text));
      expect(read.ok && encodeHeadLeaf(read.leaf).toString()).toBe(text);
    },
  );

  it('goes there and back', () => {
    fc.assert(
      fc.property(anyLeaf, (leaf) => {
        const bytes = encodeHeadLeaf(leaf);
        const read = decodeHeadLeaf(bytes);
        expect(read).toMatchObject({ ok: true, leaf: { kind: leaf.kind, origin: leaf.origin } });
        expect(read.ok && encodeHeadLeaf(read.leaf).equals(bytes)).toBe(true);
      }),
    );
  });

  it('of any bytes is read without throwing, and prints back when it is one', () => {
    const good = known.map(([, text]) => Buffer.from(text));
    fc.assert(
      fc.property(fc.nat(3), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, flip) => {
        const bytes = Buffer.from(good[which] ?? '');
        const i = at % bytes.length;
        bytes[i] = (bytes[i] ?? 0) ^ flip;
        const read = decodeHeadLeaf(bytes);
        if (read.ok) expect(encodeHeadLeaf(read.leaf).equals(bytes)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  const head = known[1]?.[1] ?? '';
  const opened = known[0]?.[1] ?? '';
  const cases: [string, string, HeadLeafCode][] = [
    ['a kind of its own', head.replace('head/1', 'head/2'), 'HEAD_KIND_UNKNOWN'],
    ['the kind of an entry', head.replace('head/1', 'audit/1'), 'HEAD_KIND_UNKNOWN'],
    ['a kind that objects inherit', head.replace('head/1', 'toString'), 'HEAD_KIND_UNKNOWN'],
    ['no kind', head.replace('"kind":"head/1",', ''), 'HEAD_KIND_UNKNOWN'],
    ['another version', head.replace('"v":1', '"v":2'), 'HEAD_KIND_UNKNOWN'],
    ['a version in words', head.replace('"v":1', '"v":"1"'), 'HEAD_KIND_UNKNOWN'],
    ['a member too few', head.replace(',"size":7', ''), 'HEAD_FIELDS'],
    ['a member too many', head.replace('"v":1', '"v":1,"w":1'), 'HEAD_FIELDS'],
    ['the members of another kind', opened.replace('log.opened/1', 'head/1'), 'HEAD_FIELDS'],
    ['a size in words', head.replace('"size":7', '"size":"7"'), 'HEAD_FIELDS'],
    ['a negative size', head.replace('"size":7', '"size":-7'), 'HEAD_FIELDS'],
    ['a size of -0', head.replace('"size":7', '"size":-0'), 'HEAD_FIELDS'],
    ['a fractional size', head.replace('"size":7', '"size":7.5'), 'HEAD_FIELDS'],
    ['a size beyond 2^53 - 1', head.replace('"size":7', '"size":9007199254740993'), 'HEAD_FIELDS'],
    ['a size beyond 2^64', head.replace('"size":7', '"size":18446744073709551623'), 'HEAD_FIELDS'],
    [
      'a root of 31 bytes',
      head.replace(/"root":"[^"]+"/, `"root":"${'A'.repeat(40)}AA=="`),
      'HEAD_FIELDS',
    ],
    ['a root in hex', head.replace(/"root":"[^"]+"/, `"root":"${'00'.repeat(32)}"`), 'HEAD_FIELDS'],
    ['an origin with a space', head.replace(ORIGIN, 'a b'), 'HEAD_FIELDS'],
    ['an empty origin', head.replace(ORIGIN, ''), 'HEAD_FIELDS'],
    ['a day that does not exist', opened.replace('11-21', '02-30'), 'HEAD_FIELDS'],
    ['a time without milliseconds', opened.replace('.000Z', 'Z'), 'HEAD_FIELDS'],
    ['the size as 7.0', head.replace('"size":7', '"size":7.0'), 'HEAD_NOT_CANONICAL'],
    ['a space', head.replace(',"v"', ', "v"'), 'HEAD_NOT_CANONICAL'],
    ['members in another order', `{"v":1,${head.slice(1, -7)}}`, 'HEAD_NOT_CANONICAL'],
    ['a key twice', head.replace('"v":1', '"v":1,"v":1'), 'HEAD_MALFORMED'],
    ['an object inside', head.replace('"size":7', '"size":{}'), 'HEAD_MALFORMED'],
    ['no object', '[1]', 'HEAD_MALFORMED'],
    ['a line feed behind it', `${head}\n`, 'HEAD_NOT_CANONICAL'],
    ['nothing', '', 'HEAD_MALFORMED'],
    ['more than 8 KiB', `${head}${' '.repeat(8192)}`, 'HEAD_TOO_LARGE'],
  ];
  it.each(cases)('is refused with %s', (_name, text, code) => {
    expect(decodeHeadLeaf(Buffer.from(text))).toMatchObject({ ok: false, code });
  });

  type Reads = (text: string) => boolean;
  const reads: Reads = (text) => decodeHeadLeaf(Buffer.from(text)).ok;
  const loose = (text: string): string => canonicalize(JSON.parse(text)).toString();
  const mutants: [string, Reads][] = [
    [
      'does not ask for canonical bytes',
      (text) => text.startsWith('{') && text.length < 8192 && reads(loose(text)),
    ],
    ['cuts white space off', (text) => reads(text.trim())],
    ['ignores members it does not know', (text) => reads(text.replace(',"w":1', ''))],
    ['takes any version', (text) => reads(text.replace('"v":2', '"v":1'))],
    ['takes any kind for a head', (text) => reads(text.replace('head/2', 'head/1'))],
  ];
  it.each(mutants)('so a reader that %s is caught', (_name, mutant) => {
    const taken = cases.filter(([, text]) => {
      try {
        return mutant(text);
      } catch {
        return false;
      }
    });
    expect(taken).not.toEqual([]);
  });

  it.each<[string, HeadLeaf]>([
    ['a negative size', { kind: 'head/1', origin: ORIGIN, root: ROOT, size: -1n }],
    ['a size beyond 2^53 - 1', { kind: 'head/1', origin: ORIGIN, root: ROOT, size: 2n ** 53n }],
    ['a short root', { kind: 'head/1', origin: ORIGIN, root: ROOT.subarray(1), size: 1n }],
    ['an origin with a line feed', { kind: 'log.opened/1', origin: 'a\nb', openedAt: TIME }],
    ['a time of another form', { kind: 'log.opened/1', origin: ORIGIN, openedAt: '2026-11-21' }],
  ])('is not made of %s', (_name, leaf) => {
    expect(() => encodeHeadLeaf(leaf)).toThrow(
      expect.objectContaining({ code: 'HEAD_LEAF_INVALID' }),
    );
  });
});

describe('a change of keys', () => {
  it('is said by the old key, and names the new one', () => {
    expect(verifyRotation(rotation)?.vkey).toBe(newSigner.verifier.vkey);
    const signed = encodeHeadLeaf(rotation)
      .toString()
      .replace(/"signature":"[^"]+",/, '');
    expect(oldSigner.verifier.verify(Buffer.from(signed), rotation.signature)).toBe(true);
  });

  const third = noteSigner(oldSigner.name, privateKeyFromSeed(Buffer.alloc(32, 3)));
  const renamed = noteSigner('other', privateKeyFromSeed(Buffer.alloc(32, 2)));
  it.each<[string, KeyRotated]>([
    ['names another key', { ...rotation, newKey: third.verifier.vkey }],
    ['comes from another key', { ...rotation, oldKey: third.verifier.vkey }],
    [
      'is signed by the new key',
      { ...rotation, signature: signRotation(newSigner, newSigner.verifier, TIME).signature },
    ],
    ['has another time', { ...rotation, rotatedAt: '2026-11-21T06:00:00.001Z' }],
    ['has another log', { ...rotation, origin: ORIGIN }],
    ['has a key of another name', { ...rotation, newKey: renamed.verifier.vkey }],
    ['has a key that is none', { ...rotation, newKey: 'x+00000000+AAAA' }],
  ])('is refused when it %s', (_name, leaf) => {
    expect(verifyRotation(leaf)).toBeNull();
  });

  it('keeps the name of the log', () => {
    expect(() => signRotation(oldSigner, renamed.verifier, TIME)).toThrow(
      expect.objectContaining({ code: 'HEAD_LEAF_INVALID' }),
    );
  });
});
