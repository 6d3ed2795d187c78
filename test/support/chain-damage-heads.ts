import {
  encodeHeadLeaf,
  noteSigner,
  privateKeyFromSeed,
  signRotation,
  type HeadLeaf,
} from '@countersign/chain';
import { headsBundle, ledgerBundle } from './chain-bundle.js';
import { announcing, type Damage, type Scene } from './chain-damage.js';
import type { TestHeads } from './chain-heads.js';

/** A leaf (or other bytes) that the operator of the log of heads put behind the good ones, signed and had cosigned. */
function said(
  name: string,
  story: string,
  code: Damage['codes'][number],
  leaves: (scene: Scene) => readonly (HeadLeaf | Buffer)[],
): Damage {
  return {
    name,
    story,
    codes: [code],
    make: (scene) => {
      const heads = scene.world.heads.copy();
      for (const leaf of leaves(scene)) {
        if (Buffer.isBuffer(leaf)) heads.leaves.push(leaf);
        else heads.add(leaf);
      }
      return { files: headsBundle(heads), options: scene.options };
    },
  };
}

const head = ({ ledger }: Scene, change: { size?: number; origin?: string }): HeadLeaf => {
  const { size = ledger.size, origin = ledger.origin } = change;
  return { kind: 'head/1', origin, root: Buffer.alloc(32, 7), size: BigInt(size) };
};

/** Bundles of all ledgers, to be judged together with the log of heads. */
function together(
  { world, ledger, options }: Scene,
  own: readonly Map<string, Buffer>[],
  heads: TestHeads = world.heads,
  seenByOthers: TestHeads = world.heads,
): {
  heads: Map<string, Buffer>;
  alone: Map<string, Buffer>[];
  files: Map<string, Buffer>;
  options: Scene['options'];
} {
  const others = world.ledgers
    .filter((one) => one !== ledger)
    .map((one) => ledgerBundle(one, { heads: seenByOthers }));
  return { heads: headsBundle(heads), alone: [...own, ...others], files: new Map(), options };
}

/** What a log of heads must not say, and what only it can show about the ledgers. */
export const HEADS_DAMAGES: readonly Damage[] = [
  said('log shrinks', 'A log is announced smaller than before.', 'HEAD_SHRANK', (scene) => [
    head(scene, { size: scene.ledger.size - 1 }),
  ]),
  said('log forked', 'A log is announced with two roots at one size.', 'HEAD_FORKED', (scene) => [
    head(scene, {}),
  ]),
  said(
    'head of nobody',
    'A head of a log that was never opened.',
    'HEAD_BEFORE_OPENING',
    (scene) => [head(scene, { origin: 'countersign.example/never' })],
  ),
  said('log opened twice', 'A log is opened a second time.', 'LOG_OPENED_TWICE', ({ ledger }) => [
    { kind: 'log.opened/1', openedAt: '2026-11-21T09:00:00.000Z', origin: ledger.origin },
  ]),
  said('pruned too far', 'More was pruned than there was.', 'PRUNED_BEYOND_HEAD', ({ ledger }) => [
    {
      kind: 'log.pruned/1',
      bundle: `sha256:${'a'.repeat(64)}`,
      minIndex: BigInt(ledger.size + 1),
      origin: ledger.origin,
    },
  ]),
  said(
    'rotation nobody signed',
    'A new key without the old one’s word.',
    'ROTATION_UNSIGNED',
    ({ world }) => {
      const { origin } = world.heads;
      const old = noteSigner(origin, privateKeyFromSeed(Buffer.alloc(32, 1)));
      const next = noteSigner(origin, privateKeyFromSeed(Buffer.alloc(32, 2)));
      const leaf = signRotation(old, next.verifier, '2026-11-21T09:00:00.000Z');
      return [{ ...leaf, signature: Buffer.alloc(64, 1) }];
    },
  ),
  said(
    'rotation by a key that is not in use',
    'A key was replaced that had been replaced before.',
    'ROTATION_OF_UNKNOWN_KEY',
    ({ world }) => {
      const { origin } = world.heads;
      const keys = [1, 2, 3].map((seed) =>
        noteSigner(origin, privateKeyFromSeed(Buffer.alloc(32, seed))),
      );
      const [a, b, c] = keys;
      if (a === undefined || b === undefined || c === undefined) return [];
      const at = '2026-11-21T09:00:00.000Z';
      return [signRotation(a, b.verifier, at), signRotation(a, c.verifier, at)];
    },
  ),
  said('leaf of unknown kind', 'A leaf of a kind that nobody knows.', 'HEAD_LEAF_KIND', () => [
    Buffer.from('{"kind":"log.closed/1","origin":"a","v":1}'),
  ]),
  {
    name: 'whole ledger gone',
    story: 'Nothing of a tenant is left; the log of heads remembers it.',
    codes: ['BUNDLE_MISSING'],
    make: (scene) => together(scene, []),
  },
  {
    name: 'tail cut, with the head that fitted then',
    story: 'The ledger was rolled back to a head that was good once.',
    codes: ['BUNDLE_BEHIND_HEAD'],
    make: (scene) => {
      const { ledger, world, earlier } = scene;
      if (earlier === null) return null;
      return together(scene, [ledgerBundle(ledger, { size: earlier, heads: world.heads })]);
    },
  },
  {
    name: 'another history than was announced',
    story: 'The ledger was redone and went on; it was announced after this bundle of heads.',
    codes: ['HEAD_ROOT_MISMATCH'],
    make: (scene) => {
      const { ledger, world } = scene;
      const forged = ledger.rewritten(0, (good) => ({ ...good, actor: 'u' }));
      forged.append(forged.draft());
      const heads = announcing(world.heads, forged);
      return together(scene, [ledgerBundle(forged, { heads })]);
    },
  },
  {
    name: 'another history announced once, and taken back',
    story: 'A head in between is of a tree that was shown to somebody; the last head fits again.',
    codes: ['HEAD_ROOT_MISMATCH'],
    make: (scene) => {
      const { ledger, world, earlier } = scene;
      const size = ledger.size - 1;
      if (size <= (earlier ?? 0)) return null;
      const root = ledger.rewritten(0, (good) => ({ ...good, actor: 'u' })).root(size);
      const { origin } = ledger;
      const last = encodeHeadLeaf({
        ...{ kind: 'head/1', origin, root: ledger.root() },
        size: BigInt(ledger.size),
      });
      const leaves = world.heads.leaves.flatMap((leaf) =>
        leaf.equals(last)
          ? [encodeHeadLeaf({ kind: 'head/1', origin, root, size: BigInt(size) }), leaf]
          : [leaf],
      );
      const heads = world.heads.copy(leaves);
      return together(scene, [ledgerBundle(ledger, { heads })], heads, heads);
    },
  },
  {
    name: 'two logs of heads',
    story: 'The bundle was proven against another log of heads than the one shown.',
    codes: ['HEADS_SPLIT'],
    make: (scene) => {
      const { ledger, world } = scene;
      const [first, ...rest] = world.heads.leaves;
      if (first === undefined) return null;
      const split = world.heads.copy([...rest, first]);
      return together(scene, [ledgerBundle(ledger, { heads: split })]);
    },
  },
  {
    name: 'log of heads rolled back',
    story: 'The bundle proves a later log of heads than the one shown.',
    codes: ['HEADS_BEHIND'],
    make: (scene) => {
      const { ledger, world, other } = scene;
      const later = world.heads.copy();
      later.add({
        kind: 'head/1',
        origin: other.origin,
        root: other.root(),
        size: BigInt(other.size),
      });
      return together(scene, [ledgerBundle(ledger, { heads: later })]);
    },
  },
  {
    name: 'ledger that was never opened',
    story: 'A bundle is there of a log that the log of heads does not know.',
    codes: ['BUNDLE_UNKNOWN_LOG'],
    make: (scene) => {
      const { ledger, world } = scene;
      const own = ledger.origin;
      const known = world.heads.leaves.filter((leaf) => !leaf.toString('utf8').includes(own));
      const [files] = [ledgerBundle(ledger, { heads: world.heads })];
      const heads = world.heads.copy(known);
      return { ...together(scene, [files], heads) };
    },
  },
];
