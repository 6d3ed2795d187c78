import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { listed, MemoryBundle, type BundleFiles } from '../../../../test/support/chain-bundle.js';
import { verifyStamp } from '../../../../test/support/chain-damage.js';
import {
  formatTwins,
  goldenBundles,
  twinFiles,
  type Twin,
} from '../../../../test/support/chain-golden-bundles.js';
import { parseTlogPolicy, verifyBundle } from '@countersign/chain';
import type { Output } from '../output.js';
import { verifyFolder } from './verify-folder.js';

const folder = join(process.cwd(), 'test', 'fixtures', 'bundles');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const made = goldenBundles();
const twins = JSON.parse(read('twins.json')) as Twin[];

async function run(path: string): Promise<{ exit: number; out: string }> {
  const out: string[] = [];
  const output: Output = {
    out: (line) => out.push(line),
    err: () => undefined,
    progress: () => undefined,
  };
  const policy = join(folder, 'policy');
  const exit = await verifyFolder({ folder: path, policy, json: false }, output);
  return { exit, out: out.join('\n') };
}

describe('the bundle fixtures', () => {
  it('are what the generator writes, byte for byte', () => {
    expect(read('twins.json')).toBe(formatTwins(made.twins));
    expect(read('policy')).toBe(made.policy);
    for (const [path, bytes] of made.golden) {
      expect(readFileSync(join(folder, 'golden', path)).equals(bytes)).toBe(true);
    }
  });

  it('verify: the golden one with exit code 0', async () => {
    const { exit, out } = await run(join(folder, 'golden'));
    expect(out).toMatch(/^OK: entries 0 to /);
    expect(exit).toBe(0);
  });

  it.each(twins.map((twin) => [twin.name, twin] as const))('%s', async (_name, twin) => {
    const parsed = parseTlogPolicy(read('policy'));
    if (!parsed.ok) throw new Error('the policy of the fixtures must be good');
    const options = {
      policy: parsed.policy,
      known: twin.known ?? undefined,
      verifyTimestamp: verifyStamp,
    };
    const reader = new MemoryBundle(twinFiles(made.golden, twin));
    const { fault, verdict } = await verifyBundle(reader, options);
    expect(twin.codes).toContain(fault?.code);
    expect(verdict).not.toBe('ok');
  });
});

describe('a bundle in a folder', () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'bundle-'));
    write(made.golden);
  });
  afterEach(() => {
    rmSync(place, { recursive: true });
  });
  const write = (files: BundleFiles): void => {
    for (const [path, bytes] of listed(files)) {
      mkdirSync(dirname(join(place, path)), { recursive: true });
      writeFileSync(join(place, path), bytes);
    }
  };

  it('is not followed out of it: a link in the place of a file counts as missing', async () => {
    rmSync(join(place, 'checkpoint'));
    symlinkSync(join(folder, 'golden', 'checkpoint'), join(place, 'checkpoint'));
    expect(await run(place)).toMatchObject({
      exit: 2,
      out: expect.stringContaining('FILE_MISSING') as string,
    });
  });

  it('is not followed out of it: a link in the place of a folder counts as missing', async () => {
    rmSync(join(place, 'tile'), { recursive: true });
    symlinkSync(join(folder, 'golden', 'tile'), join(place, 'tile'));
    expect(await run(place)).toMatchObject({
      exit: 2,
      out: expect.stringContaining('FILE_MISSING') as string,
    });
  });

  it('with a link beside its files is incomplete', async () => {
    symlinkSync('/', join(place, 'root'));
    expect(await run(place)).toMatchObject({
      exit: 2,
      out: expect.stringContaining('FILE_EXTRA') as string,
    });
  });

  it('with a changed byte is tampered with', async () => {
    writeFileSync(join(place, 'tile/entries/000.p/6'), Buffer.from('x'));
    expect((await run(place)).exit).not.toBe(0);
  });
});
