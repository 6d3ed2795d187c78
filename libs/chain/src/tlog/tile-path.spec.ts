import fc from 'fast-check';
import { parseSize, TREE_SIZE_MAX } from './size.js';
import { parseTilePath, tilePath, type TileName } from './tile-path.js';

const known: [string, TileName][] = [
  // The example of C2SP tlog-tiles: index 1234067.
  ['tile/0/x001/x234/067', { level: 0, index: 1_234_067n, width: 256 }],
  ['tile/entries/x001/x234/067.p/8', { level: 'entries', index: 1_234_067n, width: 8 }],
  // The example of a tree of 70,000 leaves.
  ['tile/0/272', { level: 0, index: 272n, width: 256 }],
  ['tile/0/273.p/112', { level: 0, index: 273n, width: 112 }],
  ['tile/1/000', { level: 1, index: 0n, width: 256 }],
  ['tile/1/001.p/17', { level: 1, index: 1n, width: 17 }],
  ['tile/2/000.p/1', { level: 2, index: 0n, width: 1 }],
  ['tile/63/999', { level: 63, index: 999n, width: 256 }],
  ['tile/0/x001/000', { level: 0, index: 1000n, width: 256 }],
  [
    'tile/0/x009/x223/x372/x036/x854/x775/807.p/255',
    { level: 0, index: TREE_SIZE_MAX, width: 255 },
  ],
];

const refused: [string, string][] = [
  ['an index without padding', 'tile/0/1'],
  ['a group without x', 'tile/0/001/234'],
  ['an x on the last group', 'tile/0/x001/x234'],
  ['a leading group of zeros', 'tile/0/x000/001'],
  ['an index beyond 2^63 - 1', 'tile/0/x009/x223/x372/x036/x854/x775/808'],
  ['an index beyond 2^64', 'tile/0/x018/x446/x744/x073/x709/x551/616'],
  ['seven groups too many', `tile/0/${'x001/'.repeat(7)}000`],
  ['a million groups', `tile/0/${'x001/'.repeat(1_000_000)}000`],
  ['level 64', 'tile/64/000'],
  ['a level with a leading zero', 'tile/00/000'],
  ['a negative level', 'tile/-1/000'],
  ['level data, as sumdb calls it', 'tile/data/000'],
  ['a height, as sumdb has it', 'tile/8/0/000'],
  ['a full width as a partial one', 'tile/0/000.p/256'],
  ['width 0', 'tile/0/000.p/0'],
  ['a width with a leading zero', 'tile/0/000.p/01'],
  ['a width of 1000', 'tile/0/000.p/1000'],
  ['a negative width', 'tile/0/000.p/-1'],
  ['no width behind .p', 'tile/0/000.p/'],
  ['a leading slash', '/tile/0/000'],
  ['a trailing slash', 'tile/0/000/'],
  ['a trailing line feed', 'tile/0/000\n'],
  ['a step up', 'tile/0/../000'],
  ['an escape', 'tile/0/%30%30%30'],
  ['other digits', 'tile/0/٠٠٠'],
  ['an exponent', 'tile/0/1e3'],
  ['nothing', ''],
];

describe('tile paths', () => {
  it.each(known)('%s', (path, name) => {
    expect(tilePath(name.level, name.index, name.width)).toBe(path);
    expect(parseTilePath(path)).toEqual(name);
  });

  it.each(refused)('with %s are refused', (_name, path) => {
    expect(parseTilePath(path)).toBeNull();
  });

  it('go there and back', () => {
    const level = fc.oneof(fc.nat(63), fc.constant('entries' as const));
    const index = fc.bigInt(0n, TREE_SIZE_MAX);
    fc.assert(
      fc.property(level, index, fc.integer({ min: 1, max: 256 }), (l, i, w) => {
        expect(parseTilePath(tilePath(l, i, w))).toEqual({ level: l, index: i, width: w });
      }),
    );
  });

  it('have one spelling each', () => {
    const piece = fc.constantFrom('tile', '/', '0', '1', 'x', '000', '001', 'x001', '.p/', '255');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = `tile/0/${pieces.join('')}`;
        const name = parseTilePath(path);
        if (name !== null) expect(tilePath(name.level, name.index, name.width)).toBe(path);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[number | 'entries', bigint, number]>([
    [64, 0n, 256],
    [-1, 0n, 256],
    [0.5, 0n, 256],
    [Number.NaN, 0n, 256],
    [0, -1n, 256],
    [0, TREE_SIZE_MAX + 1n, 256],
    [0, 0n, 0],
    [0, 0n, 257],
    [0, 0n, 1.5],
  ])('cannot be made of level %s, index %s and width %s', (level, index, width) => {
    expect(() => tilePath(level, index, width)).toThrow(
      expect.objectContaining({ code: 'INDEX_OUT_OF_RANGE' }),
    );
  });

  const mutants: [string, (path: string) => unknown][] = [
    [
      'reads the index with Number',
      (path) => {
        const name = parseTilePath(path);
        return name === null ? null : { ...name, index: BigInt(Number(name.index)) };
      },
    ],
    ['lets a group of zeros lead', (path) => parseTilePath(path.replace('/x000/', '/'))],
    ['cuts a trailing line feed off', (path) => parseTilePath(path.trim())],
    ['takes 256 for a partial width', (path) => parseTilePath(path.replace('.p/256', ''))],
  ];
  it.each(mutants)('a reader that %s is caught', (_name, mutant) => {
    const right = (path: string): string => JSON.stringify(parseTilePath(path), digits);
    const digits = (_key: string, value: unknown): unknown =>
      typeof value === 'bigint' ? value.toString() : value;
    const paths = [...known.map(([path]) => path), ...refused.map(([, path]) => path)];
    const wrong = paths.filter((path) => JSON.stringify(mutant(path), digits) !== right(path));
    expect(wrong).not.toEqual([]);
  });
});

describe('a size', () => {
  it.each([
    ['0', 0n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['9223372036854775807', TREE_SIZE_MAX],
  ])('%s is read exactly', (text, size) => {
    expect(parseSize(text)).toBe(size);
  });

  it.each([
    ...['9223372036854775808', '18446744073709551615', '18446744073709551616', '1'.repeat(400)],
    ...['', '-1', '-0', '+1', '01', '00', '1.0', '1e3', '0x1', ' 1', '1 ', '1\n', '1_000', '١'],
  ])('%s is refused', (text) => {
    expect(parseSize(text)).toBeNull();
  });
});
