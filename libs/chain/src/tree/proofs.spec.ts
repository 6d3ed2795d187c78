import fc from 'fast-check';
import { EMPTY_ROOT, leafHash, nodeHash } from './hashing.js';
import { consistencyProof, inclusionProof } from './prove.js';
import { rootOf } from './root-of.js';
import {
  verifyConsistency,
  verifyInclusion,
  type ConsistencyClaim,
  type InclusionClaim,
} from './verify-proof.js';

const CT_LEAVES = [
  ...['', '00', '10', '2021', '3031', '40414243', '5051525354555657'],
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => leafHash(Buffer.from(hex, 'hex')));

const hexes = (hashes: readonly Uint8Array[]): string[] =>
  hashes.map((hash) => Buffer.from(hash).toString('hex'));
const leaves = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));

function inclusionClaim(index: number, hashes: readonly Buffer[]): InclusionClaim {
  return {
    index: BigInt(index),
    size: BigInt(hashes.length),
    leafHash: hashes[index] ?? Buffer.alloc(32),
    proof: inclusionProof(BigInt(index), hashes),
    root: rootOf(hashes),
  };
}

function consistencyClaim(from: number, hashes: readonly Buffer[]): ConsistencyClaim {
  return {
    fromSize: BigInt(from),
    toSize: BigInt(hashes.length),
    fromRoot: rootOf(hashes.slice(0, from)),
    toRoot: rootOf(hashes),
    proof: consistencyProof(BigInt(from), hashes),
  };
}

describe('proofs give the answers of the Certificate Transparency reference implementation', () => {
  it('inclusion of leaf 5 in 8', () => {
    expect(hexes(inclusionProof(5n, CT_LEAVES))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });
  it('inclusion of leaf 1 in 5', () => {
    expect(hexes(inclusionProof(1n, CT_LEAVES.slice(0, 5)))).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });
  it('consistency from 6 to 8', () => {
    expect(hexes(consistencyProof(6n, CT_LEAVES))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });
});

describe('generator and verifier agree', () => {
  it('on every inclusion in trees up to 40 leaves', () => {
    for (let n = 1; n <= 40; n++) {
      const hashes = leaves(n);
      for (let i = 0; i < n; i++) expect(verifyInclusion(inclusionClaim(i, hashes))).toBe(true);
    }
  });
  it('on every consistency in trees up to 40 leaves', () => {
    for (let n = 0; n <= 40; n++) {
      const hashes = leaves(n);
      for (let m = 0; m <= n; m++) {
        expect(verifyConsistency(consistencyClaim(m, hashes))).toBe(true);
      }
    }
  });
  it('and the generator refuses what is not there', () => {
    const refused = expect.objectContaining({ code: 'INDEX_OUT_OF_RANGE' });
    expect(() => inclusionProof(0n, [])).toThrow(refused);
    expect(() => inclusionProof(3n, leaves(3))).toThrow(refused);
    expect(() => inclusionProof(-1n, leaves(3))).toThrow(refused);
    expect(() => consistencyProof(4n, leaves(3))).toThrow(refused);
  });
});

/** Damages to a good inclusion claim, each of which a verifier must notice. */
function badInclusions(n: number, i: number): InclusionClaim[] {
  const good = inclusionClaim(i, leaves(n));
  const { proof, root, leafHash: leaf, index, size } = good;
  const flipped = Buffer.from(proof[0] ?? root);
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  const bad: InclusionClaim[] = [
    { ...good, index: size },
    { ...good, index: index + size },
    { ...good, index: index + 2n ** 64n }, // what 2^64 wraps to in a reader with 64 bits
    { ...good, index: -1n },
    { ...good, root: nodeHash(root, root) },
    { ...good, leafHash: nodeHash(leaf, leaf) },
    { ...good, proof: [...proof, root] },
    { ...good, proof: proof.map((hash) => hash.subarray(0, 31)), leafHash: leaf.subarray(0, 31) },
  ];
  if (proof.length > 0) {
    bad.push({ ...good, proof: proof.slice(1) }, { ...good, proof: proof.slice(0, -1) });
    bad.push({ ...good, proof: [flipped, ...proof.slice(1)] });
    // immudb's lesson: every element counts, not only the ends.
    proof.forEach((_, at) => {
      bad.push({ ...good, proof: proof.map((h, k) => (k === at ? nodeHash(h, h) : h)) });
    });
    // A node passed off as a leaf: the tail of the proof with the node it leads from.
    const parent = nodeHash(leaf, proof[0] ?? root);
    bad.push({ ...good, leafHash: parent, proof: proof.slice(1) });
  }
  return bad;
}

describe('verifyInclusion', () => {
  it('refuses every damaged claim', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (n, at) => {
        for (const claim of badInclusions(n, at % n)) expect(verifyInclusion(claim)).toBe(false);
      }),
    );
  });
  it('refuses any other index for the same leaf', () => {
    const good = inclusionClaim(3, leaves(11));
    for (let i = 0n; i < 11n; i++) {
      expect(verifyInclusion({ ...good, index: i })).toBe(i === 3n);
    }
  });

  const mutants: [string, (claim: InclusionClaim) => boolean][] = [
    ['no range check of the index', (c) => verifyInclusion({ ...c, index: wrap(c.index, c.size) })],
    ['an index of 64 bits', (c) => verifyInclusion({ ...c, index: BigInt.asUintN(64, c.index) })],
    [
      'surplus hashes ignored',
      (c) => verifyInclusion({ ...c, proof: c.proof.slice(0, neededHashes(c)) }),
    ],
    [
      'a proof cut short believed',
      (c) => verifyInclusion(c) || (c.proof.length < 4 && c.index < c.size && c.index >= 0n),
    ],
    ['the root taken from the claim', (c) => c.index >= 0n && c.index < c.size],
    ['the middle hashes of the proof not looked at', (c) => verifyInclusion(withRightMiddle(c))],
    ['an index read as a double', (c) => verifyInclusion({ ...c, index: BigInt(Number(c.index)) })],
  ];
  /** The claim with all but the ends of its proof put right. */
  const withRightMiddle = (c: InclusionClaim): InclusionClaim => {
    const { proof } = inclusionClaim(3, leaves(11));
    if (c.proof.length !== proof.length) return c;
    const last = proof.length - 1;
    return { ...c, proof: c.proof.map((h, i) => (i === 0 || i === last ? h : (proof[i] ?? h))) };
  };
  const wrap = (index: bigint, size: bigint): bigint => ((index % size) + size) % size;
  const neededHashes = (c: InclusionClaim): number =>
    c.index >= 0n && c.index < c.size ? inclusionProof(c.index, leaves(Number(c.size))).length : 0;
  it.each(mutants)('a verifier with %s is caught by the damaged claims', (_name, mutant) => {
    const far = { ...good63, index: good63.index + 1n };
    expect([...badInclusions(11, 3), far].some((claim) => mutant(claim))).toBe(true);
  });

  it('knows indexes apart that a double cannot', () => {
    expect(verifyInclusion(good63)).toBe(true);
    expect(verifyInclusion({ ...good63, index: good63.index + 1n })).toBe(false);
  });

  it('refuses sizes beyond 2^63 - 1 and proofs of more than 63 hashes', () => {
    const root = EMPTY_ROOT;
    const claim = { index: 0n, size: 2n ** 63n, leafHash: root, root, proof: [] };
    for (const hashes of [63, 64, 1_000_000]) {
      expect(verifyInclusion({ ...claim, proof: new Array<Uint8Array>(hashes).fill(root) })).toBe(
        false,
      );
    }
    const long = longProof(2n ** 63n, 64);
    expect(verifyInclusion(long)).toBe(false);
  });
});

/** The claim that leaf 2^53 is in a tree of 2^63 - 1, over hashes of its own: only the shape of the path is real. */
function longProof(size: bigint, hashes: number): InclusionClaim {
  const index = 2n ** 53n;
  const proof = Array.from({ length: hashes }, (_, i) => leafHash(Buffer.of(i)));
  const leaf = leafHash(Buffer.from('leaf'));
  let fn = index;
  let sn = size - 1n;
  let root: Uint8Array = leaf;
  for (const hash of proof) {
    const right = (fn & 1n) === 1n || fn === sn;
    root = right ? nodeHash(hash, root) : nodeHash(root, hash);
    if (right) {
      while (fn !== 0n && (fn & 1n) === 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return { index, size, leafHash: leaf, proof, root };
}
const good63 = longProof(2n ** 63n - 1n, 63);

describe('verifyConsistency', () => {
  const damaged = (n: number, m: number): ConsistencyClaim[] => {
    const good = consistencyClaim(m, leaves(n));
    const { proof, fromRoot, toRoot } = good;
    const bad: ConsistencyClaim[] = [
      { ...good, fromSize: good.toSize + 1n },
      { ...good, fromSize: -1n },
      { ...good, fromRoot: nodeHash(fromRoot, fromRoot) },
      { ...good, toRoot: nodeHash(toRoot, toRoot) },
      { ...good, proof: [...proof, toRoot] },
      { ...good, fromRoot: fromRoot.subarray(1) },
    ];
    if (proof.length > 0) {
      bad.push({ ...good, proof: proof.slice(1) }, { ...good, proof: proof.slice(0, -1) });
      // immudb's lesson: every element counts, not only the ends.
      proof.forEach((_, i) => {
        bad.push({ ...good, proof: proof.map((h, k) => (k === i ? nodeHash(h, h) : h)) });
      });
    }
    return bad;
  };

  it('refuses every damaged claim', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (n, at) => {
        for (const claim of damaged(n, 1 + (at % n))) expect(verifyConsistency(claim)).toBe(false);
      }),
    );
  });

  it('refuses a rewritten past under the same sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), (n, at) => {
        const m = 1 + (at % (n - 1));
        const good = consistencyClaim(m, leaves(n));
        const rewritten = leaves(n).map((leaf, i) => (i === m - 1 ? nodeHash(leaf, leaf) : leaf));
        const proof = consistencyProof(BigInt(m), rewritten);
        expect(verifyConsistency({ ...good, toRoot: rootOf(rewritten), proof })).toBe(false);
      }),
    );
  });

  it('settles the edges: empty proofs from size 0 and between equal sizes', () => {
    const good = consistencyClaim(0, leaves(3));
    expect(verifyConsistency(good)).toBe(true);
    expect(verifyConsistency({ ...good, fromRoot: good.toRoot })).toBe(false);
    expect(verifyConsistency({ ...good, proof: [good.toRoot] })).toBe(false);
    const same = consistencyClaim(3, leaves(3));
    expect(verifyConsistency({ ...same, toRoot: rootOf(leaves(4)) })).toBe(false);
  });

  const mutants: [string, (claim: ConsistencyClaim) => boolean][] = [
    ['only the old root checked', (c) => c.fromSize >= 0n && foldsTo(c, 'fromRoot')],
    ['only the new root checked', (c) => c.fromSize >= 0n && foldsTo(c, 'toRoot')],
    ['only ends of the proof checked', (c) => c.proof.length > 2],
    ['any past believed from size 0 on', (c) => c.fromSize === 0n || verifyConsistency(c)],
    ['any root believed at equal sizes', (c) => c.fromSize === c.toSize || verifyConsistency(c)],
  ];
  /** True when the claim holds after the other root was replaced by the right one. */
  const foldsTo = (c: ConsistencyClaim, kept: 'fromRoot' | 'toRoot'): boolean => {
    const m = Number(c.fromSize);
    if (m > 11) return false;
    const right = consistencyClaim(m, leaves(11));
    return verifyConsistency({ ...right, [kept]: c[kept] });
  };
  it.each(mutants)('a verifier with %s is caught by the damaged claims', (_name, mutant) => {
    const edges: ConsistencyClaim[] = [
      { ...consistencyClaim(0, leaves(11)), fromRoot: rootOf(leaves(6)) },
      { ...consistencyClaim(11, leaves(11)), fromRoot: rootOf(leaves(6)) },
    ];
    for (const claim of edges) expect(verifyConsistency(claim)).toBe(false);
    expect([...damaged(11, 6), ...edges].some((claim) => mutant(claim))).toBe(true);
  });
});
