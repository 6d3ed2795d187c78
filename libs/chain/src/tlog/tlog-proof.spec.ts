import fc from 'fast-check';
import { sha256 } from '../hash.js';
import { signCheckpoint, type CheckpointPolicy } from '../note/checkpoint.js';
import { noteSigner, privateKeyFromSeed } from '../note/keys.js';
import { leafHash } from '../tree/hashing.js';
import { inclusionProof } from '../tree/prove.js';
import { rootOf } from '../tree/root-of.js';
import { cosigner } from './cosignature.js';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.js';

const log = noteSigner('log.example/a', privateKeyFromSeed(Buffer.alloc(32, 1)));
const other = noteSigner('log.example/b', privateKeyFromSeed(Buffer.alloc(32, 2)));
const witness = cosigner('witness.example/w', privateKeyFromSeed(Buffer.alloc(32, 3)));
const policy: CheckpointPolicy = { origin: log.name, logKeys: [log.verifier] };
const entries = Array.from({ length: 21 }, (_, i) => Buffer.from(`entry ${i}`));
const leaves = entries.map((entry) => leafHash(entry));

function proofOf(index: number, size = entries.length): string {
  const tree = leaves.slice(0, size);
  const root = rootOf(tree);
  const checkpoint = signCheckpoint({ origin: log.name, size: BigInt(size), root }, [log]);
  const hashes = inclusionProof(BigInt(index), tree);
  return formatTlogProof({ index: BigInt(index), hashes, checkpoint });
}

describe('a tlog-proof is printed as others print it', () => {
  const b64 = (text: string): string => sha256(text).toString('base64');
  // The cases of transparency-dev/formats, proof/tlog_proof_test.go.
  it.each([
    [
      { index: 5n, hashes: [sha256('hash1'), sha256('hash2')], checkpoint: 'test checkpoint\n' },
      `c2sp.org/tlog-proof@v1\nindex 5\n${b64('hash1')}\n${b64('hash2')}\n\ntest checkpoint\n`,
    ],
    [
      {
        index: 10n,
        hashes: [sha256('hash1')],
        checkpoint: 'checkpoint data\n',
        extra: Buffer.from('extra information'),
      },
      'c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n' +
        `${b64('hash1')}\n\ncheckpoint data\n`,
    ],
    [
      { index: 0n, hashes: [], checkpoint: 'checkpoint\n' },
      'c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n',
    ],
  ])('%#', (proof, text) => {
    expect(formatTlogProof(proof)).toBe(text);
    expect(parseTlogProof(text)).toEqual(proof);
  });
});

describe('verifyTlogProof', () => {
  it('takes every entry of every tree', () => {
    for (let size = 1; size <= entries.length; size++) {
      for (let index = 0; index < size; index++) {
        const verdict = verifyTlogProof(proofOf(index, size), entries[index]!, policy);
        expect(verdict).toMatchObject({ ok: true, index: BigInt(index) });
      }
    }
  });

  it('says which witnesses cosigned', () => {
    const at = new Date('2026-11-21T06:00:00Z');
    const text = proofOf(3);
    const note = parseTlogProof(text)?.checkpoint ?? '';
    const cosigned = text + witness.cosign(note, at);
    const strict = { ...policy, cosignerKeys: [witness.verifier] };
    const verdict = verifyTlogProof(cosigned, entries[3]!, strict);
    expect(verdict.ok && verdict.verified.map(({ name }) => name)).toEqual([
      log.name,
      witness.name,
    ]);
  });

  it('refuses any changed byte', () => {
    const good = Buffer.from(proofOf(7));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ flip;
        expect(verifyTlogProof(bad.toString('utf8'), entries[7]!, policy).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  const hash = 'A'.repeat(43) + '=';
  const line = (index: string): string => proofOf(7).replace('index 7', `index ${index}`);
  const hashLine = /^[A-Za-z0-9+/]{43}=\n/m;
  const cases: [string, string, string][] = [
    ['another entry’s index', line('6'), 'PROOF_INVALID'],
    ['an index at the size', line('21'), 'PROOF_INVALID'],
    [
      'an index that 64 bits would wrap to the right one',
      line(`${2n ** 64n + 7n}`),
      'PROOF_MALFORMED',
    ],
    ['an index beyond 2^63 - 1', line(`${2n ** 63n}`), 'PROOF_MALFORMED'],
    ['a negative index', line('-7'), 'PROOF_MALFORMED'],
    ['a leading zero', line('07'), 'PROOF_MALFORMED'],
    ['a plus', line('+7'), 'PROOF_MALFORMED'],
    ['an index in hexadecimal', line('0x7'), 'PROOF_MALFORMED'],
    ['no index', proofOf(7).replace('index 7\n', ''), 'PROOF_MALFORMED'],
    ['another version', proofOf(7).replace('@v1', '@v2'), 'PROOF_MALFORMED'],
    ['a carriage return', proofOf(7).replaceAll('\n', '\r\n'), 'PROOF_MALFORMED'],
    ['a hash too few', proofOf(7).replace(hashLine, ''), 'PROOF_INVALID'],
    ['a hash too many', proofOf(7).replace('index 7\n', `index 7\n${hash}\n`), 'PROOF_INVALID'],
    [
      '64 hashes',
      proofOf(7).replace('index 7\n', `index 7\n${`${hash}\n`.repeat(60)}`),
      'PROOF_MALFORMED',
    ],
    [
      'a million hashes',
      proofOf(7).replace('index 7\n', `index 7\n${`${hash}\n`.repeat(1_000_000)}`),
      'PROOF_MALFORMED',
    ],
    [
      'a hash of 31 bytes',
      proofOf(7).replace(hashLine, `${'A'.repeat(42)}==\n`),
      'PROOF_MALFORMED',
    ],
    ['a hash of 33 bytes', proofOf(7).replace(hashLine, `${'A'.repeat(44)}\n`), 'PROOF_MALFORMED'],
    [
      'extra data that are no base64',
      proofOf(7).replace('index', 'extra !\nindex'),
      'PROOF_MALFORMED',
    ],
    [
      'extra data twice',
      proofOf(7).replace('index', 'extra AA==\nextra AA==\nindex'),
      'PROOF_MALFORMED',
    ],
    [
      'the checkpoint of another log',
      proofOf(7).replaceAll(log.name, other.name),
      'NOTE_UNVERIFIED',
    ],
    ['no checkpoint', proofOf(7).slice(0, proofOf(7).indexOf('\n\n') + 2), 'NOTE_MALFORMED'],
    ['no blank line', proofOf(7).replace('\n\n', '\n'), 'PROOF_MALFORMED'],
    ['nothing', '', 'PROOF_MALFORMED'],
  ];
  it.each(cases)('refuses a proof with %s', (_name, text, code) => {
    expect(verifyTlogProof(text, entries[7]!, policy)).toMatchObject({ ok: false, code });
  });

  it('refuses another entry, and the leaf hash in place of the entry', () => {
    expect(verifyTlogProof(proofOf(7), entries[8]!, policy).ok).toBe(false);
    expect(verifyTlogProof(proofOf(7), leaves[7]!, policy).ok).toBe(false);
  });

  it('reads extra data without believing them', () => {
    const text = proofOf(7).replace('index 7', 'extra AAEC\nindex 7');
    expect(parseTlogProof(text)?.extra).toEqual(Buffer.of(0, 1, 2));
    expect(verifyTlogProof(text, entries[7]!, policy).ok).toBe(true);
  });

  type Verify = (text: string) => boolean;
  const real: Verify = (text) => verifyTlogProof(text, entries[7]!, policy).ok;
  const mutants: [string, Verify][] = [
    [
      'reads the index with Number',
      (text) => real(text.replace(/index (\S+)/, (_, n: string) => `index ${Number(n)}`)),
    ],
    [
      'wraps the index at 64 bits',
      (text) =>
        real(
          text.replace(/index (\d+)/, (_, n: string) => `index ${BigInt.asUintN(64, BigInt(n))}`),
        ),
    ],
    ['repairs line ends', (text) => real(text.replaceAll('\r', ''))],
    [
      'takes the origin from the proof',
      (text) => {
        const checkpoint = parseTlogProof(text)?.checkpoint ?? '';
        const origin = checkpoint.split('\n')[0] ?? '';
        return real(text) || origin === other.name;
      },
    ],
    [
      'believes the path when the index fits',
      (text) => {
        const index = parseTlogProof(text)?.index;
        return index !== undefined && index < 21n;
      },
    ],
  ];
  it.each(mutants)('a verifier that %s is caught by one of these proofs', (_name, mutant) => {
    expect(cases.some(([, text]) => mutant(text))).toBe(true);
  });
});

describe('formatTlogProof refuses', () => {
  const good = { index: 0n, hashes: [Buffer.alloc(32)], checkpoint: 'x' };
  it.each([
    ['a negative index', { ...good, index: -1n }, 'INDEX_OUT_OF_RANGE'],
    ['an index beyond 2^63 - 1', { ...good, index: 2n ** 63n }, 'INDEX_OUT_OF_RANGE'],
    [
      '64 hashes',
      { ...good, hashes: new Array<Buffer>(64).fill(Buffer.alloc(32)) },
      'INDEX_OUT_OF_RANGE',
    ],
    ['a short hash', { ...good, hashes: [Buffer.alloc(31)] }, 'HASH_LENGTH'],
  ])('%s', (_name, proof, code) => {
    expect(() => formatTlogProof(proof)).toThrow(expect.objectContaining({ code }));
  });
});
