import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatTlogPolicy, verifyBundle, type BundleOptions } from '@countersign/chain';
import {
  headsBundle,
  ledgerBundle,
  listed,
  MemoryBundle,
  type BundleFiles,
} from '../support/chain-bundle.js';
import { goldenBundles, twinFiles, type Twin } from '../support/chain-golden-bundles.js';
import { Random } from '../support/chain-random.js';
import { makeWorld, randomRequest } from '../support/chain-world.js';
import { verifyInPython } from './support/python-verifier.js';
import type { Ran } from './support/run.js';
import { ROOT } from './support/tools.js';

const FIXTURES = join(ROOT, 'test', 'fixtures', 'bundles');
const twins = JSON.parse(readFileSync(join(FIXTURES, 'twins.json'), 'utf8')) as Twin[];
const EXIT = { ok: 0, tampered: 1, incomplete: 2 } as const;

describe('the verifier in Python, on bundles', () => {
  const { golden, policy } = goldenBundles();
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'python-bundle-'));
  });
  afterEach(() => {
    rmSync(place, { recursive: true });
  });

  async function verify(files: BundleFiles, trusted: string, known?: string): Promise<Ran> {
    for (const [name, bytes] of files) {
      const path = name.replaceAll('..', 'dots'); // a folder holds no such name
      mkdirSync(dirname(join(place, 'bundle', path)), { recursive: true });
      writeFileSync(join(place, 'bundle', path), bytes);
    }
    writeFileSync(join(place, 'policy'), trusted);
    if (known !== undefined) writeFileSync(join(place, 'known'), known);
    return verifyInPython([
      ...['--bundle', join(place, 'bundle'), '--policy', join(place, 'policy')],
      ...(known === undefined ? [] : ['--known', join(place, 'known')]),
    ]);
  }

  /** Both verifiers say the same: the exit code, and of what is wrong the code. */
  async function compare(files: BundleFiles, options: BundleOptions, codes?: readonly string[]) {
    const ours = await verifyBundle(new MemoryBundle(files), options);
    const { status, stderr, stdout } = await verify(
      files,
      formatTlogPolicy(options.policy),
      options.known,
    );
    expect([status, stdout, stderr]).toEqual([EXIT[ours.verdict], expect.any(String), '']);
    if (ours.fault === null) return;
    const [, code] = /^(?:FAILED|INCOMPLETE) ([A-Z_]+)/.exec(stdout) ?? [];
    expect([...(codes ?? []), ours.fault.code]).toContain(code);
  }

  it('accepts the golden bundle of the repository', async () => {
    const { status, stdout } = await verifyInPython([
      ...['--bundle', join(FIXTURES, 'golden'), '--policy', join(FIXTURES, 'policy')],
    ]);
    expect(stdout).toMatch(/^OK entries 0 to 6 of 6/);
    expect(status).toBe(0);
  });

  it.each(twins.map((twin) => [twin.name, twin] as const))(
    'says of the twin "%s" what the service’s own verifier says',
    async (_name, twin) => {
      const { policy: pinned } = makeWorld('green', { tenants: 2, entries: 6, witnesses: 3 });
      expect(formatTlogPolicy(pinned)).toBe(policy);
      // Time stamps are judged by neither: the one takes a certificate, the other openssl.
      const options = { policy: pinned, known: twin.known ?? undefined };
      await compare(twinFiles(golden, twin), options, twin.codes);
    },
  );

  it.each(Array.from({ length: 40 }, (_, i) => `python ${i}`))(
    'agrees about a random good bundle: %s',
    async (seed) => {
      const world = makeWorld(seed);
      const { options, request } = randomRequest(world, 0, new Random(seed));
      await compare(ledgerBundle(world.ledgers[0]!, request), options);
    },
  );

  it('reads ranges on both sides of the border of a tile', async () => {
    const world = makeWorld('borders', { tenants: 1, entries: 600, witnesses: 1 });
    const [ledger] = world.ledgers;
    for (const [from, to] of [
      [0, 600],
      [255, 257],
      [256, 512],
      [257, 300],
      [511, 600],
      [512, 512],
      [599, 600],
    ] as const) {
      rmSync(join(place, 'bundle'), { recursive: true, force: true });
      await compare(ledgerBundle(ledger!, { from, to, heads: world.heads }), {
        policy: world.policy,
      });
    }
  });

  it('reads a log of heads of three levels', async () => {
    const world = makeWorld('levels', { tenants: 1, entries: 3, witnesses: 1 });
    const { heads, ledgers } = world;
    const root = ledgers[0]!.root();
    for (let size = 4n; heads.size < 66_000; size++) {
      heads.add({ kind: 'head/1', origin: ledgers[0]!.origin, root, size });
    }
    await compare(headsBundle(heads), { policy: world.policy });
  });

  it('refuses every single-byte change', async () => {
    const random = new Random('bytes');
    const paths = [...golden.keys()].filter((path) => path !== 'policy');
    for (let i = 0; i < 60; i++) {
      const path = random.pick(paths);
      const bytes = Buffer.from(golden.get(path)!);
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      const { status } = await verify(new Map(golden).set(path, bytes), policy);
      expect([path, at, status === 1 || status === 2]).toEqual([path, at, true]);
    }
  });

  it('follows no link, and takes keys from nowhere but the policy', async () => {
    await verify(golden, policy);
    const [link, target] = [join(place, 'bundle', 'checkpoint'), join(FIXTURES, 'golden')];
    rmSync(link);
    symlinkSync(join(target, 'checkpoint'), link);
    const followed = await verifyInPython([
      ...['--bundle', join(place, 'bundle'), '--policy', join(place, 'policy')],
    ]);
    expect(followed.stdout).toMatch(/^INCOMPLETE FILE_MISSING: checkpoint/);
    expect(followed.status).toBe(2);
    rmSync(link);
    const other = makeWorld('stranger', { tenants: 1, entries: 2, witnesses: 0 });
    const { status, stdout } = await verify(listed(golden), formatTlogPolicy(other.policy));
    expect(stdout).toMatch(/^INCOMPLETE LOG_NOT_PINNED/);
    expect(status).toBe(2);
    expect((await verifyInPython(['--bundle', place])).status).toBe(3);
    expect((await verifyInPython(['--bundle', place, '--policy', place])).status).toBe(3);
  });
});
