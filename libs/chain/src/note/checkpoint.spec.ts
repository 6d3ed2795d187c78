import fc from 'fast-check';
import {
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from './checkpoint.js';
import { noteSigner, privateKeyFromSeed } from './keys.js';
import { signNote } from './signed-note.js';

const ROOT = Buffer.from('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=', 'base64');
const TEXT =
  'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const ORIGIN = 'example.com/behind-the-sofa';
const log = noteSigner(ORIGIN, privateKeyFromSeed(Buffer.alloc(32, 1)));
const witness = noteSigner('witness.example', privateKeyFromSeed(Buffer.alloc(32, 2)));

describe('a checkpoint', () => {
  it('reads and prints the sample of the specification', () => {
    const checkpoint = { origin: ORIGIN, size: 20_852_163n, root: ROOT };
    expect(parseCheckpoint(TEXT)).toEqual(checkpoint);
    expect(formatCheckpoint(checkpoint)).toBe(TEXT);
  });

  it('prints back to itself whenever it can be read', () => {
    const line = fc.string({ maxLength: 12 });
    const size = fc.oneof(
      fc.bigInt(0n, 2n ** 70n).map(String),
      fc.constantFrom('00', '-1', '+1', '1e3'),
    );
    fc.assert(
      fc.property(
        line,
        size,
        fc.uint8Array({ minLength: 31, maxLength: 33 }),
        (origin, n, root) => {
          const text = `${origin}\n${n}\n${Buffer.from(root).toString('base64')}\n`;
          const read = parseCheckpoint(text);
          if (read !== null) expect(formatCheckpoint(read)).toBe(text);
        },
      ),
    );
  });

  it.each([
    ['a leading zero', TEXT.replace('20852163', '020852163')],
    ['a plus', TEXT.replace('20852163', '+20852163')],
    ['a minus', TEXT.replace('20852163', '-1')],
    ['a size beyond 64 bits', TEXT.replace('20852163', '99999999999999999999')],
    ['a decimal point', TEXT.replace('20852163', '1.0')],
    ['a space behind the size', TEXT.replace('20852163', '20852163 ')],
    ['no origin', TEXT.replace(ORIGIN, '')],
    ['unpadded base64', TEXT.replace('q2I=', 'q2I')],
    ['a root of 33 bytes', TEXT.replace('q2I=', 'q2IA')],
    ['no root', `${ORIGIN}\n1\n`],
    ['no line feed at the end', TEXT.slice(0, -1)],
    ['an empty extension line', `${TEXT}\n`],
    ['a carriage return', TEXT.replaceAll('\n', '\r\n')],
  ])('is refused with %s', (_name, text) => {
    expect(parseCheckpoint(text)).toBeNull();
  });

  it('of others may carry extension lines', () => {
    expect(parseCheckpoint(`${TEXT}more\n`)).toMatchObject({ extensions: ['more'] });
  });

  it('cannot be printed from values that could not be read back', () => {
    const invalid = expect.objectContaining({ code: 'CHECKPOINT_INVALID' }) as unknown as Error;
    expect(() => formatCheckpoint({ origin: 'a\nb', size: 1n, root: ROOT })).toThrow(invalid);
    expect(() => formatCheckpoint({ origin: '', size: 1n, root: ROOT })).toThrow(invalid);
    expect(() => formatCheckpoint({ origin: 'a', size: -1n, root: ROOT })).toThrow(invalid);
    expect(() => formatCheckpoint({ origin: 'a', size: 1n, root: ROOT.subarray(1) })).toThrow(
      invalid,
    );
  });
});

describe('verifyCheckpoint', () => {
  const checkpoint = { origin: ORIGIN, size: 7n, root: ROOT };
  const policy = { origin: ORIGIN, logKeys: [log.verifier], cosignerKeys: [witness.verifier] };

  it('takes a checkpoint that its log signed', () => {
    const result = verifyCheckpoint(signCheckpoint(checkpoint, [log, witness]), policy);
    expect(result).toMatchObject({ ok: true, checkpoint: { size: 7n } });
  });

  it.each([
    [
      'of another log',
      signCheckpoint({ ...checkpoint, origin: 'other' }, [log]),
      'CHECKPOINT_ORIGIN',
    ],
    ['that only a cosigner signed', signCheckpoint(checkpoint, [witness]), 'CHECKPOINT_LOG_KEY'],
    ['that is no checkpoint', signNote('hello\n', [log]), 'CHECKPOINT_MALFORMED'],
    [
      'whose size was changed',
      signCheckpoint(checkpoint, [log]).replace('\n7\n', '\n8\n'),
      'NOTE_SIGNATURE_INVALID',
    ],
    [
      'whose cosignature fails',
      signCheckpoint(checkpoint, [log, { ...witness, sign: (t) => log.sign(t) }]),
      'NOTE_SIGNATURE_INVALID',
    ],
    [
      'without a known key',
      signCheckpoint(checkpoint, [noteSigner('x', privateKeyFromSeed(ROOT))]),
      'NOTE_UNVERIFIED',
    ],
  ])('refuses one %s', (_name, note, code) => {
    expect(verifyCheckpoint(note, policy)).toMatchObject({ ok: false, code });
  });
});
