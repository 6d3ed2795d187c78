import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import {
  formatSignerKey,
  noteSigner,
  noteVerifier,
  parseSignerKey,
  parseVerifierKey,
  privateKeyFromSeed,
  type NoteVerifier,
} from './keys.js';
import { signNote, verifyNote, type VerifiedNote } from './signed-note.js';

// Published with Go's golang.org/x/mod/sumdb/note and in the signed-note specification.
const SKEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const ENOCH_VKEY = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const TEXT =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n";
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const NOTE = `${TEXT}\n${PETER_LINE}${ENOCH_LINE}`;

const peter = parseVerifierKey(VKEY);
const enoch = parseVerifierKey(ENOCH_VKEY);
const key = (byte: number): ReturnType<typeof privateKeyFromSeed> =>
  privateKeyFromSeed(Buffer.alloc(32, byte));

describe('signed notes agree with the published vectors', () => {
  it('in the key id, the vkey and the signer key', () => {
    const signer = parseSignerKey(SKEY);
    expect(signer.verifier.vkey).toBe(VKEY);
    expect(signer.keyId).toBe('c74f20a3');
  });
  it('in the signature, byte for byte: Ed25519 is deterministic', () => {
    expect(signNote(TEXT, [parseSignerKey(SKEY)])).toBe(`${TEXT}\n${PETER_LINE}`);
  });
  it('in verifying a note that others signed', () => {
    expect(verifyNote(NOTE, [peter, enoch])).toEqual({
      ok: true,
      text: TEXT,
      verified: [peter, enoch],
      unknown: [],
    });
  });
});

describe('keys', () => {
  it('go to text and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const privateKey = privateKeyFromSeed(seed);
        const text = formatSignerKey('log.example/1', privateKey);
        const signer = parseSignerKey(text);
        expect(signer.verifier.vkey).toBe(noteSigner('log.example/1', privateKey).verifier.vkey);
        expect(parseVerifierKey(signer.verifier.vkey).keyId).toBe(signer.keyId);
      }),
      { numRuns: 20 },
    );
  });
  it('are Ed25519 and nothing else', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const malformed = expect.objectContaining({ code: 'KEY_MALFORMED' }) as unknown as Error;
    expect(() => noteSigner('a', privateKey)).toThrow(malformed);
    expect(() => noteVerifier('a', publicKey)).toThrow(malformed);
    expect(() => privateKeyFromSeed(Buffer.alloc(31))).toThrow(malformed);
    expect(() => noteSigner('a+b', key(1))).toThrow(malformed);
  });

  const bad: [string, string][] = [
    ['another name', VKEY.replace('Peter', 'Pete')],
    ['another key id', VKEY.replace('c74f20a3', 'c74f20a4')],
    ['a key id in capitals', VKEY.replace('c74f20a3', 'C74F20A3')],
    ['another key', VKEY.replace('ARpc', 'ARpd')],
    ['another type byte', VKEY.replace('ARpc', 'AhpC')],
    ['a short key', VKEY.slice(0, -4)],
    ['no base64', VKEY.replace('ARpc', 'A*pc')],
    ['two parts', 'PeterNeumann+c74f20a3'],
    ['a signer key', SKEY],
    ['nothing', ''],
  ];
  it.each(bad)('a vkey with %s is refused', (_name, vkey) => {
    expect(() => parseVerifierKey(vkey)).toThrow(
      expect.objectContaining({ code: 'KEY_MALFORMED' }),
    );
  });
  it('a refused signer key is not quoted', () => {
    expect.assertions(1);
    try {
      parseSignerKey(`${SKEY}AA`);
    } catch (error) {
      expect(String(error)).not.toContain('AYEK');
    }
  });
});

const other = noteSigner('other', key(9));
const cases: [string, string | Uint8Array, NoteVerifier[], string][] = [
  ['no known key', NOTE, [other.verifier], 'NOTE_UNVERIFIED'],
  ['no key at all', NOTE, [], 'NOTE_UNVERIFIED'],
  ['a changed text', NOTE.replace('answer', 'Answer'), [peter], 'NOTE_SIGNATURE_INVALID'],
  [
    'one known signature that fails beside one that holds',
    `${TEXT}\n${PETER_LINE}${ENOCH_LINE.replace('rwz+eBzm', 'rwz+eBzn')}`,
    [peter, enoch],
    'NOTE_SIGNATURE_INVALID',
  ],
  [
    'a second, failing signature of a key that verified',
    `${TEXT}\n${PETER_LINE}${PETER_LINE.replace('x08go/ZJ', 'x08go/ZK')}`,
    [peter],
    'NOTE_SIGNATURE_INVALID',
  ],
  [
    'a signature of another length',
    `${TEXT}\n— PeterNeumann x08gowAA\n`,
    [peter],
    'NOTE_SIGNATURE_INVALID',
  ],
  ['no blank line', `${TEXT}${PETER_LINE}`, [peter], 'NOTE_MALFORMED'],
  ['no signature', `${TEXT}\n`, [peter], 'NOTE_MALFORMED'],
  ['no line feed at the end', NOTE.slice(0, -1), [peter], 'NOTE_MALFORMED'],
  ['a hyphen for the dash', NOTE.replaceAll('—', '-'), [peter], 'NOTE_MALFORMED'],
  ['a third word in a signature line', NOTE.replace('x08go', 'x x08go'), [peter], 'NOTE_MALFORMED'],
  ['text behind the signatures', `${NOTE}more\n`, [peter], 'NOTE_MALFORMED'],
  ['a carriage return', NOTE.replace('problem,\n', 'problem,\r\n'), [peter], 'NOTE_MALFORMED'],
  ['a NUL', NOTE.replace('If', 'I\0'), [peter], 'NOTE_MALFORMED'],
  ['unpadded base64', NOTE.replace('JnAM=', 'JnAM'), [peter], 'NOTE_MALFORMED'],
  ['base64 with loose bits', NOTE.replace('JnAM=', 'JnAN='), [peter], 'NOTE_MALFORMED'],
  ['invalid UTF-8', Buffer.concat([Buffer.of(0xff), Buffer.from(NOTE)]), [peter], 'NOTE_MALFORMED'],
  ['more than 1,000,000 bytes', 'x'.repeat(1_000_001), [peter], 'NOTE_TOO_LARGE'],
  ['101 signatures', `${TEXT}\n${PETER_LINE.repeat(101)}`, [peter], 'NOTE_TOO_MANY_SIGNATURES'],
];

describe('verifyNote', () => {
  it.each(cases)('refuses a note with %s', (_name, note, keys, code) => {
    expect(verifyNote(note, keys)).toMatchObject({ ok: false, code });
  });

  it('ignores unknown keys, also one of a known name', () => {
    const impostor = noteSigner('PeterNeumann', key(3));
    const note = `${NOTE}${signNote(TEXT, [impostor]).slice(TEXT.length + 1)}`;
    expect(verifyNote(note, [peter])).toMatchObject({
      ok: true,
      verified: [peter],
      unknown: [{ name: 'EnochRoot' }, { name: 'PeterNeumann', keyId: impostor.keyId }],
    });
  });

  it('takes 16 signatures and more', () => {
    const signers = Array.from({ length: 20 }, (_, i) => noteSigner(`key${i}`, key(i)));
    const result = verifyNote(
      signNote(TEXT, signers),
      signers.map((signer) => signer.verifier),
    );
    expect(result.ok && result.verified.length).toBe(20);
  });

  it('splits at the last blank line: the text may hold blank lines', () => {
    const text = 'a\n\n— b c\n\nd\n';
    const result = verifyNote(signNote(text, [other]), [other.verifier]);
    expect(result.ok && result.text).toBe(text);
  });

  it('notices any changed byte of text or signature', () => {
    const note = Buffer.from(signNote(TEXT, [other]));
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(note);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(verifyNote(changed, [other.verifier]).ok).toBe(false);
      }),
    );
  });

  type Verify = (note: string | Uint8Array, keys: NoteVerifier[]) => VerifiedNote;
  const believing = (keys: NoteVerifier[]): NoteVerifier[] =>
    keys.map((k) => ({ ...k, verify: () => true }));
  const mutants: [string, Verify][] = [
    ['believes every signature', (note, keys) => verifyNote(note, believing(keys))],
    [
      'is content with one good signature',
      (note, keys) =>
        keys.map((k) => verifyNote(note, [k])).find((r) => r.ok) ?? verifyNote(note, keys),
    ],
    ['trusts keys it finds in the note', (note, keys) => verifyNote(note, [...keys, peter])],
    ['repairs line ends', (note, keys) => verifyNote(String(note).replaceAll('\r', ''), keys)],
  ];
  it.each(mutants)('a verifier that %s is caught by one of these notes', (_name, mutant) => {
    expect(cases.some(([, note, keys]) => mutant(note, keys).ok)).toBe(true);
  });
});

describe('signNote refuses', () => {
  it.each([
    ['a text without a line feed at the end', 'x', [other]],
    ['a control character', 'x\u0001\n', [other]],
    ['a lone surrogate', '\ud800\n', [other]],
    ['no signer', 'x\n', []],
  ])('%s', (_name, text, signers) => {
    expect(() => signNote(text, signers)).toThrow(
      expect.objectContaining({ code: 'NOTE_TEXT_INVALID' }),
    );
  });
});
