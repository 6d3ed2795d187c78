import fc from 'fast-check';
import {
  headsBundle,
  ledgerBundle,
  MemoryBundle,
  type BundleFiles,
} from '../../../../test/support/chain-bundle.js';
import { Random } from '../../../../test/support/chain-random.js';
import { makeWorld, randomRequest, type World } from '../../../../test/support/chain-world.js';
import type { BundleOptions } from './options.js';
import { verifyBundle } from './verify-bundle.js';

const verify = (files: BundleFiles, options: BundleOptions) =>
  verifyBundle(new MemoryBundle(files), options);

function someBundle(world: World, seed: string): { files: BundleFiles; options: BundleOptions } {
  const random = new Random(seed);
  if (random.chance(20)) return { files: headsBundle(world.heads), options: world };
  const which = random.below(world.ledgers.length);
  const ledger = world.ledgers[which];
  if (ledger === undefined) throw new Error('no ledger');
  const { request, options } = randomRequest(world, which, random);
  return { files: ledgerBundle(ledger, request), options };
}

describe('verifyBundle', () => {
  it('says ok of 1,000 good bundles of random ledgers', async () => {
    for (let seed = 0; seed < 250; seed++) {
      const world = makeWorld(`good ${seed}`);
      for (let i = 0; i < 4; i++) {
        const { files, options } = someBundle(world, `bundle ${seed} ${i}`);
        const report = await verify(files, options);
        expect({ seed, i, fault: report.fault, verdict: report.verdict }).toEqual({
          ...{ seed, i },
          fault: null,
          verdict: 'ok',
        });
      }
    }
  }, 60_000);

  it('never says ok after any single byte was changed, taken out or put in', async () => {
    const bundles = Array.from({ length: 40 }, (_, seed) =>
      someBundle(makeWorld(`byte ${seed}`, { entries: 1 + (seed % 5) }), `byte ${seed}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bundles.length - 1),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('change', 'take out', 'put in'),
        async (which, file, position, flip, how) => {
          const bundle = bundles[which];
          if (bundle === undefined) return;
          const paths = [...bundle.files.keys()];
          const path = paths[file % paths.length] ?? '';
          const bytes = bundle.files.get(path) ?? Buffer.alloc(0);
          const at = position % (bytes.length + (how === 'put in' ? 1 : 0) || 1);
          const changed = damaged(bytes, at, flip, how);
          if (changed.equals(bytes)) return;
          const report = await verify(new Map(bundle.files).set(path, changed), bundle.options);
          expect(report.verdict).not.toBe('ok');
          expect(report.fault).not.toBeNull();
        },
      ),
      { numRuns: 3000 },
    );
  }, 60_000);
});

function damaged(bytes: Buffer, at: number, flip: number, how: string): Buffer {
  if (how === 'take out') return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  if (how === 'put in') {
    return Buffer.concat([bytes.subarray(0, at), Buffer.of(flip), bytes.subarray(at)]);
  }
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ flip;
  return changed;
}
