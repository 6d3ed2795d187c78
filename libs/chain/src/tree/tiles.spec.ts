import fc from 'fast-check';
import { Frontier } from './frontier.js';
import { leafHash } from './hashing.js';
import { rootOf } from './root-of.js';
import {
  partialTiles,
  perfectRoot,
  TileBuilder,
  type FullTile,
  type PartialTile,
} from './tiles.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const all = Array.from({ length: 66_200 }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));

/** Tiles by their definition, in order of (level, index). */
function tilesOf(leaves: readonly Uint8Array[]): Map<string, { hashes: string; root: string }> {
  const tiles = new Map<string, { hashes: string; root: string }>();
  let row: readonly Uint8Array[] = leaves;
  for (let level = 0; row.length >= 256; level++) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 256 <= row.length; i += 256) {
      const hashes = row.slice(i, i + 256);
      const root = rootOf(hashes);
      tiles.set(`${level}/${i / 256}`, { hashes: hex(Buffer.concat(hashes)), root: hex(root) });
      above.push(root);
    }
    row = above;
  }
  return tiles;
}

const collect = (tiles: readonly FullTile[]): ReturnType<typeof tilesOf> =>
  new Map(
    tiles.map((t) => [`${t.level}/${t.index}`, { hashes: hex(t.hashes), root: hex(t.root) }]),
  );

/** What a store would answer: leaf hashes for level 0, roots of full tiles above. */
const stored =
  (size: number) =>
  (partial: PartialTile): Uint8Array[] => {
    let row: readonly Uint8Array[] = all.slice(0, size);
    for (let level = 0; level < partial.level; level++) {
      const below = row;
      row = Array.from({ length: Math.floor(below.length / 256) }, (_, i) =>
        rootOf(below.slice(i * 256, (i + 1) * 256)),
      );
    }
    const first = Number(partial.firstIndex);
    return row.slice(first, first + partial.count);
  };

describe('TileBuilder', () => {
  it.each([
    ['by itself', false],
    ['with the roots of a frontier', true],
  ])('hands out each full tile once, as the definition has it, %s', (_, given) => {
    const builder = TileBuilder.empty();
    const frontier = Frontier.empty();
    const tiles: FullTile[] = [];
    for (let i = 0; i < all.length; i += 997) {
      const leaves = all.slice(i, i + 997);
      const roots = frontier.append(leaves);
      tiles.push(...builder.append(leaves, given ? roots : undefined));
    }
    expect(tiles.length).toBe(Math.floor(all.length / 256) + 1);
    expect(collect(tiles)).toEqual(tilesOf(all));
    expect(tiles.every((tile) => tile.hashes.length === 8192)).toBe(true);
  });

  it('resumes at any size from what the store keeps', () => {
    const sizes = fc.oneof(
      fc.nat(1500),
      fc.constantFrom(0, 255, 256, 257, 65_279, 65_535, 65_536, 65_537),
    );
    fc.assert(
      fc.property(sizes, fc.nat(600), (size, more) => {
        const builder = TileBuilder.resume(BigInt(size), stored(size));
        const made = collect(builder.append(all.slice(size, size + more)));
        const before = tilesOf(all.slice(0, size));
        const after = tilesOf(all.slice(0, size + more));
        for (const key of before.keys()) after.delete(key);
        expect(made).toEqual(after);
      }),
      { numRuns: 12 },
    );
  });

  it('a clone grows alone', () => {
    const builder = TileBuilder.empty();
    builder.append(all.slice(0, 250));
    expect(builder.clone().append(all.slice(250, 256))).toHaveLength(1);
    expect(builder.append(all.slice(250, 255))).toHaveLength(0);
  });

  it('refuses roots of more tiles than there are', () => {
    const builder = TileBuilder.empty();
    expect(() =>
      builder.append(all.slice(0, 300), [leafHash(Buffer.of(1)), leafHash(Buffer.of(2))]),
    ).toThrow(expect.objectContaining({ code: 'INDEX_OUT_OF_RANGE' }));
  });

  it('refuses to resume from too few hashes', () => {
    expect(() => TileBuilder.resume(3n, () => all.slice(0, 2))).toThrow(
      expect.objectContaining({ code: 'INDEX_OUT_OF_RANGE' }),
    );
  });
});

describe('partialTiles', () => {
  it('names the hashes behind the last full tile of each level', () => {
    expect(partialTiles(0n)).toEqual([]);
    expect(partialTiles(255n)).toEqual([{ level: 0, firstIndex: 0n, count: 255 }]);
    expect(partialTiles(256n)).toEqual([{ level: 1, firstIndex: 0n, count: 1 }]);
    expect(partialTiles(70_000n)).toEqual([
      { level: 0, firstIndex: 69_888n, count: 112 },
      { level: 1, firstIndex: 256n, count: 17 },
      { level: 2, firstIndex: 0n, count: 1 },
    ]);
  });
});

it('perfectRoot is the recursive root, and only for a power of two', () => {
  expect(hex(perfectRoot(all.slice(0, 64)))).toBe(hex(rootOf(all.slice(0, 64))));
  expect(() => perfectRoot(all.slice(0, 3))).toThrow();
  expect(() => perfectRoot([])).toThrow();
});
