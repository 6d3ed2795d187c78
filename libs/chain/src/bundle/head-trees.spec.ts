import { headsBundle, ledgerBundle, MemoryBundle } from '../../../../test/support/chain-bundle.js';
import { makeWorld } from '../../../../test/support/chain-world.js';
import { sha256 } from '../hash.js';
import { rootOf } from '../tree/root-of.js';
import { perfectRoot, TILE_WIDTH } from '../tree/tiles.js';
import { HeadHistory } from './head-history.js';
import { HeadTrees } from './head-trees.js';
import { treeFiles } from './layout.js';
import { inspectBundle } from './verify-bundle.js';
import { verifyBundleSet } from './verify-set.js';

const world = makeWorld('heads', { tenants: 1, entries: 600, witnesses: 0 });
const [ledger] = world.ledgers;
if (ledger === undefined) throw new Error('one ledger was asked for');
const options = { policy: world.policy };
const good = Array.from({ length: 601 }, (_, size) => ledger.root(size));

async function contradicted(
  sizes: readonly number[],
  forged: number | null,
  range: { from?: number; to?: number } = {},
): Promise<number | null> {
  const history = new HeadHistory({ left: 1_000_000 });
  for (const size of sizes) {
    history.add(BigInt(size), size === forged ? Buffer.alloc(32, 7) : good[size]!);
  }
  const reader = new MemoryBundle(ledgerBundle(ledger!, { ...range, heads: world.heads }));
  const { contradicted: found, report } = await inspectBundle(reader, options, {
    sizes: [],
    history,
  });
  expect(report.verdict).toBe('ok');
  return found?.size ?? null;
}

describe('a tree against every head that was announced of it', () => {
  const every = Array.from({ length: 600 }, (_, i) => i + 1);

  it('agrees at every size', async () => {
    expect(await contradicted(every, null)).toBeNull();
    expect(await contradicted([0, 1, 600], null)).toBeNull();
    expect(await contradicted([], null)).toBeNull();
  });

  it.each([1, 2, 128, 255, 256, 257, 511, 512, 513, 599, 600])(
    'names the head of size %d when it is of another tree',
    async (size) => {
      expect(await contradicted(every, size)).toBe(size);
      expect(await contradicted([size], size)).toBe(size);
    },
  );

  it('passes over heads whose leaves the bundle does not show, and sees the others', async () => {
    expect(await contradicted(every, 100, { from: 300, to: 600 })).toBeNull();
    expect(await contradicted(every, 300, { from: 300, to: 600 })).toBe(300);
    expect(await contradicted(every, 400, { from: 0, to: 10 })).toBeNull();
    expect(await contradicted(every, 599, { from: 0, to: 10 })).toBe(599); // at the edge
  });
});

describe('the history of heads', () => {
  it('gives back what it took, and takes nothing twice', () => {
    const history = new HeadHistory({ left: 1_000_000 });
    for (let size = 1n; size <= 10_000n; size++) {
      history.add(size, Buffer.alloc(32, Number(size % 251n)));
      history.add(size, Buffer.alloc(32, 0));
    }
    expect(history.count).toBe(10_000);
    for (const i of [0, 7, 8, 4_095, 4_096, 9_999]) {
      expect(history.sizeAt(i)).toBe(i + 1);
      expect(history.rootAt(i)[0]).toBe((i + 1) % 251);
    }
  });

  it('forgets the oldest when there are more than may be kept', () => {
    const budget = { left: 10_000 };
    const histories = [new HeadHistory(budget), new HeadHistory(budget)];
    for (let size = 1n; size <= 50_000n; size++) {
      for (const history of histories) history.add(size, Buffer.alloc(32));
    }
    for (const history of histories) {
      expect(history.count).toBeLessThanOrEqual(8_192);
      expect(history.sizeAt(history.count - 1)).toBe(50_000);
    }
  });
});

it('a verifier that compared the last head alone would let a history through that was taken back', async () => {
  const heads = world.heads.copy();
  const forged = ledger.rewritten(0, (header) => ({ ...header, actor: 'user:9' }));
  const { origin } = ledger;
  const [opened = Buffer.alloc(0), ...rest] = heads.leaves;
  const before = heads.copy([opened]);
  before.add({ kind: 'head/1', origin, root: forged.root(1), size: 1n });
  before.leaves.push(...rest);
  const reader = new MemoryBundle(ledgerBundle(ledger, { heads: before }));
  // The last head fits, and so does every single bundle.
  const { earlierRoots, report } = await inspectBundle(reader, options, { sizes: [600n] });
  expect([report.verdict, earlierRoots.get(600n)]).toEqual(['ok', good[600]]);
  const set = await verifyBundleSet(
    new MemoryBundle(headsBundle(before)),
    [{ name: 'ours', reader }],
    options,
  );
  expect(set.fault).toMatchObject({ code: 'HEAD_ROOT_MISMATCH', sequence: 1n });
  expect(set.verdict).toBe('tampered');
});

it('works out heads of a tree of three levels, on both sides of every border', () => {
  const size = 70_000;
  const levels = [Array.from({ length: size }, (_, i) => sha256(String(i)))];
  for (let row = levels[0]!; row.length >= TILE_WIDTH; row = levels.at(-1)!) {
    const tiles = Array.from({ length: Math.floor(row.length / TILE_WIDTH) }, (_, i) =>
      Buffer.from(perfectRoot(row.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH))),
    );
    levels.push(tiles);
  }
  const sizes = [1, 255, 256, 257, 32_768, 65_535, 65_536, 65_537, 65_792, 69_888, 69_889, size];
  for (const forged of [null, ...sizes]) {
    const history = new HeadHistory({ left: 1_000_000 });
    for (const at of sizes) {
      history.add(BigInt(at), at === forged ? Buffer.alloc(32) : rootOf(levels[0]!.slice(0, at)));
    }
    const trees = new HeadTrees(history);
    for (const { index, kind, level, width } of treeFiles({ size, from: 0, to: size })) {
      const first = index * TILE_WIDTH;
      if (kind !== 'tile') continue;
      trees.see(level, index, Buffer.concat(levels[level]!.slice(first, first + width)));
    }
    expect(trees.finish()?.size ?? null).toBe(forged);
  }
});
