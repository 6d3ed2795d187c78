import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  consistencyProof,
  cosigner,
  encodeHeadLeaf,
  encodeLeaf,
  formatHashLines,
  formatTlogProof,
  inclusionProof,
  leafHash,
  NO_PREVIOUS,
  noteSigner,
  privateKeyFromSeed,
  sha256Hex,
  tilePath,
} from '@countersign/chain';
import { checkpointOf, tileLog } from '../support/tile-log.js';
import { go, interopDir, required } from './support/rigs.js';
import { run, type Ran } from './support/run.js';

const SIZE = 70_000;
const OLD_SIZE = 33_333;
const ORIGIN = 'countersign.example/3f9a0c51d2e84b67';
const log = noteSigner(ORIGIN, privateKeyFromSeed(Buffer.alloc(32, 42)));

/** Real entries, each naming the one before. */
function chainOf(count: number): Buffer[] {
  const entries: Buffer[] = [];
  let prev = NO_PREVIOUS;
  for (let seq = 0; seq < count; seq++) {
    const { canonical, leafHashHex } = encodeLeaf({
      actor: 'user:0b7f0f0e-6f0f-4a52-9a53-2f6d9d1f1c11',
      delivery: `delivery-${seq}`,
      id: `018f3b1c-7a70-7000-8000-${seq.toString(16).padStart(12, '0')}`,
      occurredAt: '2026-11-21T06:00:00.000Z',
      payload: `sha256:${sha256Hex(`payload ${seq}`)}`,
      prev,
      recordedAt: '2026-11-21T06:00:01.000Z',
      seq,
      source: 'mlflow/demo',
      subject: `model/${seq % 97}`,
      tenant: '6f1c2a90-3b1d-4c55-9c6e-0a1b2c3d4e5f',
      type: 'model.registered',
    });
    entries.push(canonical);
    prev = leafHashHex;
  }
  return entries;
}

(go === undefined ? describe.skip : describe)('golang.org/x/mod/sumdb on a log of 70,000', () => {
  const folder = join(interopDir(), 'go-log');
  const entries = chainOf(SIZE);
  const leaves = entries.map((entry) => leafHash(entry));

  const verify = (vkey = log.verifier.vkey): Promise<Ran> =>
    run(required(go).binary, ['log', '--dir', folder, '--vkey', vkey]);

  beforeAll(async () => {
    const old = checkpointOf(leaves.slice(0, OLD_SIZE), [log]);
    const proof = consistencyProof(BigInt(OLD_SIZE), leaves);
    const files = tileLog(entries, [log])
      .set('checkpoint.old', Buffer.from(old))
      .set('consistency', Buffer.from(formatHashLines(proof)));
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
  });

  it('accepts note, tiles, entries, inclusion and consistency', async () => {
    const { status, stdout, stderr } = await verify();
    expect(stderr).toBe('');
    expect(stdout).toMatch(`OK ${SIZE} entries, root `);
    expect(stdout).toMatch(`consistent with ${OLD_SIZE}`);
    expect(status).toBe(0);
  });

  it('refuses it under another key', async () => {
    const other = noteSigner(ORIGIN, privateKeyFromSeed(Buffer.alloc(32, 43)));
    const { status, stdout } = await verify(other.verifier.vkey);
    expect(stdout).toMatch(/^FAILED checkpoint: /);
    expect(status).toBe(1);
  });

  it.each([
    ['an entry bundle', tilePath('entries', 100n), 1_000],
    ['the partial entry bundle', tilePath('entries', 273n, 112), 500],
    ['a level-0 tile', tilePath(0, 100n), 4_000],
    ['the partial level-0 tile', tilePath(0, 273n, 112), 40],
    ['the level-1 tile', tilePath(1, 0n), 4_000],
    ['the partial level-1 tile', tilePath(1, 1n, 17), 100],
    ['the level-2 tile', tilePath(2, 0n, 1), 5],
    ['the size in the checkpoint', 'checkpoint', ORIGIN.length + 1],
    ['the root in the checkpoint', 'checkpoint', ORIGIN.length + 20],
    ['the earlier checkpoint', 'checkpoint.old', ORIGIN.length + 20],
    ['the consistency proof', 'consistency', 60],
  ])('refuses it after one flipped bit in %s', async (_name, path, at) => {
    const file = join(folder, path);
    const good = await readFile(file);
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 1;
    await writeFile(file, bad);
    try {
      const { status, stdout } = await verify();
      expect(stdout).toMatch(/^FAILED /);
      expect(status).toBe(1);
    } finally {
      await writeFile(file, good);
    }
  });

  it('calls a log with a missing tile unreadable, not verified', async () => {
    const file = join(folder, tilePath(0, 200n));
    const good = await readFile(file);
    await run('rm', [file]);
    try {
      expect((await verify()).status).toBe(2);
    } finally {
      await writeFile(file, good);
    }
  });
});

(go === undefined ? describe.skip : describe)('transparency-dev/formats on a receipt', () => {
  const heads = noteSigner(
    'countersign.example/heads/0011',
    privateKeyFromSeed(Buffer.alloc(32, 5)),
  );
  const witness = cosigner('witness.example/w1', privateKeyFromSeed(Buffer.alloc(32, 6)));
  const leaf = encodeHeadLeaf({
    kind: 'head/1',
    origin: ORIGIN,
    root: Buffer.alloc(32, 9),
    size: 7n,
  });
  const leaves = Array.from({ length: 1_000 }, (_, i) =>
    leafHash(i === 421 ? leaf : Buffer.from(`leaf ${i}`)),
  );
  const signed = checkpointOf(leaves, [heads]);
  const cosigned = signed + witness.cosign(signed, new Date('2026-11-21T06:00:00Z'));
  const receipt = (checkpoint: string): string =>
    formatTlogProof({ index: 421n, hashes: inclusionProof(421n, leaves), checkpoint });

  async function verify(text: string, data: Uint8Array = leaf): Promise<Ran> {
    const folder = join(interopDir(), 'go-proof');
    await mkdir(folder, { recursive: true });
    const [file, leafFile] = [join(folder, 'head.tlog-proof'), join(folder, 'leaf')];
    await writeFile(file, text);
    await writeFile(leafFile, data);
    return run(required(go).binary, [
      ...['proof', '--file', file, '--leaf', leafFile],
      ...['--vkey', heads.verifier.vkey, '--witness', witness.vkey],
    ]);
  }

  it('accepts the tlog-proof with its cosignature', async () => {
    const { status, stdout, stderr } = await verify(receipt(cosigned));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^OK /);
    expect(status).toBe(0);
  });

  it.each([
    ['another leaf', receipt(cosigned), Buffer.from('leaf 420')],
    ['another index', receipt(cosigned).replace('index 421', 'index 420'), leaf],
    ['no cosignature', receipt(signed), leaf],
    ['a changed cosignature', receipt(cosigned).replace(/.{6}\n$/, 'AAAA==\n'), leaf],
  ])('refuses it with %s', async (_name, text, data) => {
    const { status, stdout } = await verify(text, data);
    expect(stdout).toMatch(/^FAILED /);
    expect(status).toBe(1);
  });
});
