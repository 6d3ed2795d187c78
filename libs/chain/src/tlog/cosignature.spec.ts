import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { signCheckpoint } from '../note/checkpoint.js';
import { noteSigner, parseVerifierKey, privateKeyFromSeed } from '../note/keys.js';
import { signNote, verifyNote } from '../note/signed-note.js';
import { cosignatureTime, cosigner, parseCosignerKey } from './cosignature.js';
import { addSignatureLines, cosignaturesOf, verifyCosignatures } from './cosigned-note.js';

const seed = (byte: number): ReturnType<typeof privateKeyFromSeed> =>
  privateKeyFromSeed(Buffer.alloc(32, byte));
const log = noteSigner('log.example/heads', seed(1));
const first = cosigner('witness.example/1', seed(2));
const second = cosigner('witness.example/2', seed(3));
const AT = new Date('2023-03-20T12:25:47.900Z');
const note = signCheckpoint({ origin: log.name, size: 9n, root: Buffer.alloc(32, 7) }, [log]);

describe('cosignatures agree with what is published', () => {
  it('in the key id of a witness of the public network', () => {
    const vkey = 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2';
    expect(parseCosignerKey(vkey)).toMatchObject({ keyId: 'da77ade7', vkey });
  });
  it('in the time of a signature', () => {
    // transparency-dev/formats, note/note_cosigv1_test.go; the first four bytes are the key id.
    const base64 =
      'ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA==';
    expect(cosignatureTime(Buffer.from(base64, 'base64').subarray(4))).toBe(1_727_964_367n);
  });
  it('in the example of the specification, as far as it goes: the key is not given', () => {
    const line =
      '— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==';
    const body = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    expect(cosignatureTime(body.subarray(4))).toBe(1_679_315_147n);
  });
  it('in the message: Ed25519 over two lines and the text of the checkpoint', () => {
    const line = first.cosign(note, AT);
    const body = Buffer.from(line.trimEnd().split(' ')[2] ?? '', 'base64');
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const signed = noteSigner('any', seed(2)).sign(
      Buffer.from(`cosignature/v1\ntime 1679315147\n${text}`),
    );
    expect(body.subarray(12).equals(signed)).toBe(true);
    expect(body.readBigUInt64BE(4)).toBe(1_679_315_147n);
    expect(body.toString('hex', 0, 4)).toBe(first.verifier.keyId);
  });
  it('and the key id differs from that of a note signature of the same key', () => {
    const { vkey } = noteSigner(first.name, seed(2)).verifier;
    expect(() => parseCosignerKey(vkey)).toThrow(
      expect.objectContaining({ code: 'KEY_MALFORMED' }),
    );
    expect(() => parseVerifierKey(first.vkey)).toThrow(
      expect.objectContaining({ code: 'KEY_MALFORMED' }),
    );
  });
});

describe('a cosigned checkpoint', () => {
  const cosigned = note + first.cosign(note, AT) + second.cosign(note, AT);
  const keys = [log.verifier, first.verifier, second.verifier];

  it('opens with the keys of log and witnesses', () => {
    const opened = verifyNote(cosigned, keys);
    expect(opened.ok && opened.verified).toEqual(keys);
  });

  it('says when each witness saw it', () => {
    expect(cosignaturesOf(cosigned, [second.verifier])).toEqual([
      {
        verifier: second.verifier,
        at: new Date('2023-03-20T12:25:47Z'),
        line: second.cosign(note, AT),
      },
    ]);
  });

  it('can be cosigned further, since signature lines are not signed', () => {
    expect(second.cosign(note + first.cosign(note, AT), AT)).toBe(second.cosign(note, AT));
  });

  it('refuses any changed byte', () => {
    const good = Buffer.from(cosigned);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ flip;
        const opened = verifyNote(bad, keys);
        // A changed name or key id makes a signature unknown, which is ignored: then fewer keys verified.
        expect(opened.ok && opened.verified.length === 3).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('of an origin does not stand for one of another, nor for another time', () => {
    const other = signCheckpoint({ origin: 'log.example/x', size: 9n, root: Buffer.alloc(32, 7) }, [
      noteSigner('log.example/x', seed(1)),
    ]);
    expect(verifyCosignatures(other, first.cosign(note, AT), [first.verifier])).toEqual([]);
    const line = first.cosign(note, AT);
    const body = Buffer.from(line.trimEnd().split(' ')[2] ?? '', 'base64');
    body.writeBigUInt64BE(1_679_315_148n, 4);
    const later = `— ${first.name} ${body.toString('base64')}\n`;
    expect(verifyCosignatures(note, later, [first.verifier])).toEqual([]);
  });

  it('does not count a plain signature of the same key as a cosignature', () => {
    const plain = signNote(note.slice(0, note.indexOf('\n\n') + 1), [
      noteSigner(first.name, seed(2)),
    ]);
    expect(cosignaturesOf(plain, [first.verifier])).toEqual([]);
  });
});

describe('what a witness answers', () => {
  const line = first.cosign(note, AT);
  it.each([
    ['its line', line, 1],
    ['its line twice', line + line, 1],
    ['two lines of two keys', line + second.cosign(note, AT), 2],
    ['lines of unknown keys', cosigner('x', seed(9)).cosign(note, AT) + line, 1],
    ['noise', `\n\0 — \n— a b\n${line}garbage`, 1],
    ['a false line', line.replace(/.{6}\n$/, 'AAAA==\n'), 0],
    ['a cosignature of another checkpoint', first.cosign(note.replace('\n9\n', '\n8\n'), AT), 0],
    ['more than 64 KiB', line + ' '.repeat(65_536), 0],
    ['101 lines before its own', 'x\n'.repeat(101) + line, 0],
    ['nothing', '', 0],
  ])('with %s', (_name, answer, count) => {
    const held = verifyCosignatures(note, answer, [first.verifier, second.verifier]);
    expect(held).toHaveLength(count);
  });

  it('is put behind the note, once', () => {
    const once = addSignatureLines(note, [line]);
    expect(once).toBe(note + line);
    expect(addSignatureLines(once, [line, second.cosign(note, AT)])).toBe(
      note + line + second.cosign(note, AT),
    );
    expect(addSignatureLines('no note', [line])).toBe('no note');
  });

  it('with a time that no clock shows is ignored', () => {
    const far = Buffer.alloc(8);
    far.writeBigUInt64BE(2n ** 63n);
    expect(cosignatureTime(Buffer.concat([far, Buffer.alloc(64)]))).toBeNull();
    expect(cosignatureTime(Buffer.alloc(71))).toBeNull();
  });
});

describe('a cosigner refuses', () => {
  it('what is no checkpoint, and a time before 1970', () => {
    const invalid = expect.objectContaining({ code: 'CHECKPOINT_INVALID' });
    expect(() => first.cosign(signNote('hello\n', [log]), AT)).toThrow(invalid);
    expect(() => first.cosign('hello', AT)).toThrow(invalid);
    expect(() => first.cosign(note, new Date(-1))).toThrow(invalid);
    expect(() => first.cosign(note, new Date(Number.NaN))).toThrow(invalid);
  });
  it('keys of another kind', () => {
    const malformed = expect.objectContaining({ code: 'KEY_MALFORMED' });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => cosigner('a', privateKey)).toThrow(malformed);
    expect(() => cosigner('a b', seed(1))).toThrow(malformed);
    expect(() => parseCosignerKey(first.vkey.replace(/\+\w{8}\+/, '+00000000+'))).toThrow(
      malformed,
    );
    expect(() => parseCosignerKey('')).toThrow(malformed);
  });
});

it('the checkpoint of the Go checksum database opens with its published key', () => {
  const key = parseVerifierKey(
    'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8',
  );
  const tree =
    'go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n' +
    '— sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n';
  expect(verifyNote(tree, [key])).toMatchObject({ ok: true });
  expect(verifyNote(tree.replace('6476701', '6476702'), [key])).toMatchObject({ ok: false });
});
