import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Frontier } from './frontier.js';
import { EMPTY_ROOT, leafHash, nodeHash } from './hashing.js';
import { rootOf, splitPoint } from './root-of.js';

/** Leaf data and roots of the Certificate Transparency reference implementation, sizes 1 to 8. */
const CT_LEAVES = [
  ...['', '00', '10', '2021', '3031', '40414243', '5051525354555657'],
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const CT_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const leaves = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));

function frontierRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const frontier = Frontier.empty();
  frontier.append(hashes);
  return frontier.root();
}

type TreeFunction = (data: readonly Uint8Array[]) => Uint8Array;

/** True when a tree over leaf data gives the published roots. */
function givesPublishedRoots(tree: TreeFunction): boolean {
  return (
    hex(tree([])) === 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' &&
    CT_ROOTS.every((root, i) => hex(tree(CT_LEAVES.slice(0, i + 1))) === root)
  );
}

describe('the tree gives the published roots', () => {
  it('by its recursive definition', () => {
    expect(givesPublishedRoots((data) => rootOf(data.map(leafHash)))).toBe(true);
  });
  it('by its frontier', () => {
    expect(givesPublishedRoots((data) => frontierRoot(data.map(leafHash)))).toBe(true);
  });
  it('and hashes leaf and node with their prefixes', () => {
    const [a, b] = [leafHash(Buffer.from('a')), leafHash(Buffer.from('b'))];
    expect(hex(a)).toBe(createHash('sha256').update('\0a').digest('hex'));
    const node = createHash('sha256').update(Buffer.of(1)).update(a).update(b).digest('hex');
    expect(hex(nodeHash(a, b))).toBe(node);
  });
});

describe('a wrong tree is caught by the published roots', () => {
  const sha = (...parts: Uint8Array[]): Buffer =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  interface Parts {
    leaf: (data: Uint8Array) => Uint8Array;
    node: (left: Uint8Array, right: Uint8Array) => Uint8Array;
    split: (n: number) => number;
    empty: Uint8Array;
    pad: boolean;
  }
  const right: Parts = {
    leaf: leafHash,
    node: nodeHash,
    split: splitPoint,
    empty: EMPTY_ROOT,
    pad: false,
  };
  const build =
    (parts: Parts): TreeFunction =>
    (data) => {
      const root = (hashes: readonly Uint8Array[]): Uint8Array => {
        const [first] = hashes;
        if (first === undefined) return parts.empty;
        if (hashes.length === 1) return first;
        const k = parts.split(hashes.length);
        return parts.node(root(hashes.slice(0, k)), root(hashes.slice(k)));
      };
      const hashes = data.map(parts.leaf);
      const last = hashes.at(-1);
      if (parts.pad && last !== undefined) {
        while (!Number.isInteger(Math.log2(hashes.length))) hashes.push(last);
      }
      return root(hashes);
    };
  const mutants: [string, Partial<Parts>][] = [
    ['no leaf prefix', { leaf: (data) => sha(data) }],
    ['the node prefix on leaves', { leaf: (data) => sha(Buffer.of(1), data) }],
    ['no node prefix', { node: (a, b) => sha(a, b) }],
    ['children swapped', { node: (a, b) => nodeHash(b, a) }],
    ['a split in the middle', { split: (n) => n >> 1 }],
    ['a split at the power above', { split: (n) => (n > 2 ? n - 1 : 1) }],
    ['the last leaf doubled', { pad: true }],
    ['an empty root of zeros', { empty: Buffer.alloc(32) }],
    ['an empty root with a leaf prefix', { empty: leafHash(Buffer.alloc(0)) }],
  ];

  it('while the right one built from the same parts passes', () => {
    expect(givesPublishedRoots(build(right))).toBe(true);
  });
  it.each(mutants)('%s', (_name, change) => {
    expect(givesPublishedRoots(build({ ...right, ...change }))).toBe(false);
  });
});

describe('Frontier', () => {
  it('agrees with the recursive definition at every size up to 300, however it was fed', () => {
    const all = leaves(300);
    const grown = Frontier.empty();
    for (let n = 0; n <= 300; n++) {
      expect(hex(grown.root())).toBe(hex(rootOf(all.slice(0, n))));
      expect(grown.size).toBe(BigInt(n));
      const next = all[n];
      if (next !== undefined) grown.appendOne(next);
    }
  });

  it('survives being written and read at any size, and grows on', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(60), (n, more) => {
        const all = leaves(n + more);
        const frontier = Frontier.empty();
        frontier.append(all.slice(0, n));
        const back = Frontier.parse(frontier.serialize());
        expect(back.serialize().equals(frontier.serialize())).toBe(true);
        back.append(all.slice(n));
        expect(hex(back.root())).toBe(hex(rootOf(all)));
        expect(frontier.size).toBe(BigInt(n));
      }),
      { numRuns: 50 },
    );
  });

  it('a clone grows alone', () => {
    const frontier = Frontier.empty();
    frontier.append(leaves(5));
    const before = hex(frontier.root());
    const clone = frontier.clone();
    clone.append(leaves(3));
    expect(hex(frontier.root())).toBe(before);
    expect(clone.size).toBe(8n);
  });

  const malformed: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['half a size', Buffer.alloc(4)],
    ['a hash too few', Buffer.concat([Buffer.from('0000000000000003', 'hex'), Buffer.alloc(32)])],
    ['a hash too many', Buffer.concat([Buffer.from('0000000000000001', 'hex'), Buffer.alloc(64)])],
    ['a size beyond 2^53', Buffer.concat([Buffer.alloc(8, 0xff), Buffer.alloc(64 * 32)])],
  ];
  it.each(malformed)('refuses to read %s', (_name, bytes) => {
    expect(() => Frontier.parse(bytes)).toThrow(
      expect.objectContaining({ code: 'FRONTIER_MALFORMED' }),
    );
  });

  it('refuses a hash of another length', () => {
    expect(() => {
      Frontier.empty().appendOne(Buffer.alloc(31));
    }).toThrow(expect.objectContaining({ code: 'HASH_LENGTH' }));
  });
});
