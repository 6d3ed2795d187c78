import fc from 'fast-check';
import { formatAddCheckpoint, parseAddCheckpoint } from './add-checkpoint.js';

// The example of C2SP tlog-witness.
const EXAMPLE = [
  'old 20852014',
  'PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=',
  'jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=',
  '5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=',
  '/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=',
  '',
  'example.com/behind-the-sofa',
  '20852163',
  'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=',
  '',
  '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=',
  '',
].join('\n');

describe('a request to a witness', () => {
  it('is the one of the specification', () => {
    const request = parseAddCheckpoint(EXAMPLE);
    expect(request).toMatchObject({ oldSize: 20_852_014n, proof: { length: 4 } });
    expect(request?.checkpoint.startsWith('example.com/behind-the-sofa\n20852163\n')).toBe(true);
    expect(request === null ? '' : formatAddCheckpoint(request)).toBe(EXAMPLE);
  });

  it('goes there and back', () => {
    const proof = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 });
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 63n - 1n), proof, (oldSize, hashes) => {
        const body = formatAddCheckpoint({ oldSize, proof: hashes, checkpoint: 'x\n' });
        expect(parseAddCheckpoint(body)).toEqual({
          oldSize,
          proof: hashes.map((hash) => Buffer.from(hash)),
          checkpoint: 'x\n',
        });
      }),
    );
  });

  const hash = `${'A'.repeat(43)}=\n`;
  it.each([
    ['a leading zero', EXAMPLE.replace('old 2', 'old 02')],
    ['a negative size', EXAMPLE.replace('old 2', 'old -2')],
    ['a size beyond 2^63 - 1', EXAMPLE.replace('20852014', `${2n ** 63n}`)],
    ['a size of a thousand digits', EXAMPLE.replace('20852014', '1'.repeat(1000))],
    ['a decimal point', EXAMPLE.replace('20852014', '1.0')],
    ['no old line', EXAMPLE.replace('old 20852014\n', '')],
    ['a capital', EXAMPLE.replace('old', 'Old')],
    ['two spaces', EXAMPLE.replace('old ', 'old  ')],
    ['64 hashes', EXAMPLE.replace('old 20852014\n', `old 20852014\n${hash.repeat(60)}`)],
    ['100,000 hashes', EXAMPLE.replace('old 20852014\n', `old 20852014\n${hash.repeat(100_000)}`)],
    ['a short hash', EXAMPLE.replace('PlRN', '')],
    ['hexadecimal', EXAMPLE.replace('PlRN', '!lRN')],
    ['carriage returns', EXAMPLE.replaceAll('\n', '\r\n')],
    ['no blank line', 'old 0\n'],
    ['nothing', ''],
  ])('with %s is refused', (_name, body) => {
    expect(parseAddCheckpoint(body)).toBeNull();
  });

  it.each([
    ['a negative size', { oldSize: -1n, proof: [], checkpoint: '' }, 'INDEX_OUT_OF_RANGE'],
    [
      'a size beyond 2^63 - 1',
      { oldSize: 2n ** 63n, proof: [], checkpoint: '' },
      'INDEX_OUT_OF_RANGE',
    ],
    [
      '64 hashes',
      { oldSize: 0n, proof: new Array<Buffer>(64).fill(Buffer.alloc(32)), checkpoint: '' },
      'INDEX_OUT_OF_RANGE',
    ],
    ['a short hash', { oldSize: 0n, proof: [Buffer.alloc(31)], checkpoint: '' }, 'HASH_LENGTH'],
  ])('is not made of %s', (_name, request, code) => {
    expect(() => formatAddCheckpoint(request)).toThrow(expect.objectContaining({ code }));
  });
});
