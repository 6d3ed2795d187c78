import {
  headsBundle,
  ledgerBundle,
  MemoryBundle,
  type BundleFiles,
} from '../../../../test/support/chain-bundle.js';
import { replaced } from '../../../../test/support/chain-damage.js';
import { makeWorld } from '../../../../test/support/chain-world.js';
import { sha256Hex } from '../hash.js';
import { signCheckpoint } from '../note/checkpoint.js';
import type { BundleReader } from './reader.js';
import { verifyBundle } from './verify-bundle.js';
import { verifyBundleSet } from './verify-set.js';

const world = makeWorld('hostile', { tenants: 1, entries: 5, witnesses: 0 });
const [ledger] = world.ledgers;
if (ledger === undefined) throw new Error('one ledger was asked for');
const options = { policy: world.policy };
const good = (): BundleFiles => ledgerBundle(ledger, { heads: world.heads, evidence: true });

/** What was read of a bundle before the verdict. */
async function cost(files: BundleFiles): Promise<{ code: string | null; bytes: number }> {
  const reader = new MemoryBundle(files);
  const { fault } = await verifyBundle(reader, options);
  return { code: fault?.code ?? null, bytes: reader.bytesRead };
}

/** A file that says to be as large as it likes, and gives bytes for as long as somebody reads. */
class EndlessFile implements BundleReader {
  given = 0;

  constructor(
    private readonly files: MemoryBundle,
    private readonly path: string,
    private readonly stated: number,
    private readonly byte: number,
  ) {}

  open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    return path === this.path ? Promise.resolve(this.endless()) : this.files.open(path);
  }

  size(path: string): Promise<number | null> {
    return path === this.path ? Promise.resolve(this.stated) : this.files.size(path);
  }

  list(): AsyncIterable<string> {
    return this.files.list();
  }

  private async *endless(): AsyncIterable<Uint8Array> {
    for (;;) {
      this.given += 65_536;
      yield await Promise.resolve(Buffer.alloc(65_536, this.byte));
    }
  }
}

describe('a hostile bundle costs bounded reading', () => {
  const paths = [...good().keys()].filter((path) => path !== 'files.sha256');

  it.each(paths)('%s without end', async (path) => {
    const endless = new EndlessFile(new MemoryBundle(good()), path, 10, 0x20);
    const { fault } = await verifyBundle(endless, options);
    expect(fault?.code).toMatch(/FILE_TOO_LARGE/);
    expect(endless.given).toBeLessThan(64 * 1024 * 1024);
  });

  it.each(paths.filter((path) => !path.startsWith('payload')))(
    '%s of a terabyte is not opened',
    async (path) => {
      const huge = new EndlessFile(new MemoryBundle(good()), path, 2 ** 40, 0);
      expect((await verifyBundle(huge, options)).fault?.code).toBe('FILE_TOO_LARGE');
      expect(huge.given).toBe(0);
    },
  );

  it('files.sha256 without line feed', async () => {
    const endless = new EndlessFile(new MemoryBundle(good()), 'files.sha256', 10, 0x61);
    expect((await verifyBundle(endless, options)).fault?.code).toBe('INDEX_MALFORMED');
    expect(endless.given).toBeLessThan(1024 * 1024);
  });

  it.each([
    ['counts beyond all measure', { size: 2 ** 53 - 1, to: 2 ** 53 - 1 }],
    ['a range that the tree has not', { from: 4, to: 3 }],
    [
      'a depth of a thousand',
      { filter: JSON.parse('['.repeat(1000) + ']'.repeat(1000)) as object },
    ],
  ])('bundle.json with %s', async (_what, change) => {
    const files = good();
    const manifest = JSON.parse(files.get('bundle.json')?.toString() ?? '') as object;
    const text = JSON.stringify({ ...manifest, ...change });
    const { code, bytes } = await cost(listedAs(files, text));
    expect(code).toMatch(/^MANIFEST_/);
    expect(bytes).toBeLessThan(1024 * 1024);
  });

  it.each([
    '../../etc/passwd',
    '/etc/passwd',
    'tile/../../x',
    'heads/anchors/../../../x.tsr',
    'C:\\x',
  ])('a line for %s is never opened', async (path) => {
    const files = good();
    const index = files.get('files.sha256')?.toString() ?? '';
    const line = `${'0'.repeat(64)}  ${path}\n`;
    files.set('files.sha256', Buffer.from(index.replace(/^.*heads\/checkpoint\n/m, `${line}$&`)));
    files.set(path, Buffer.from('secret'));
    const reader = new MemoryBundle(files);
    const opened: string[] = [];
    const spy: BundleReader = {
      open: (name) => (opened.push(name), reader.open(name)),
      size: (name) => reader.size(name),
      list: () => reader.list(),
    };
    expect((await verifyBundle(spy, options)).verdict).not.toBe('ok');
    expect(opened).not.toContain(path);
  });

  it('a checkpoint with thousands of signature lines', async () => {
    const files = good();
    const note = files.get('checkpoint')?.toString() ?? '';
    const line = note.split('\n').at(-2) ?? '';
    const { code } = await cost(replaced(files, { checkpoint: note + `${line}\n`.repeat(4000) }));
    expect(code).toBe('NOTE_TOO_MANY_SIGNATURES');
  });

  it('a signed size beyond 2^53', async () => {
    const { origin, signers } = ledger;
    const head = { origin, size: 2n ** 60n, root: Buffer.alloc(32) };
    const { code } = await cost(replaced(good(), { checkpoint: signCheckpoint(head, signers) }));
    expect(code).toBe('SIZE_TOO_LARGE');
  });

  it('a payload line nested a thousand levels deep', async () => {
    const deep = `{"disclosures":[],"payload":${'['.repeat(1000)}${']'.repeat(1000)},"seq":0}\n`;
    const { code } = await cost(replaced(good(), { 'payload/000.jsonl': deep }));
    expect(code).toBe('PAYLOAD_LINE_MALFORMED');
  });
});

describe('a log of heads', () => {
  it('is judged from its first leaf on', async () => {
    const files = headsBundle(world.heads);
    const text = files.get('bundle.json')?.toString().replace('"from":0', '"from":1') ?? '';
    const { fault } = await verifyBundle(new MemoryBundle(listedAs(files, text)), options);
    expect(fault?.code).toMatch(/HEADS_NOT_WHOLE|HEAD_BEFORE_OPENING/);
  });

  it('does not take for proven what a bundle of a range cannot show', async () => {
    const far = makeWorld('range', { tenants: 1, entries: 300, witnesses: 0 });
    const [long] = far.ledgers;
    if (long === undefined) throw new Error('one ledger was asked for');
    const heads = headsBundle(far.heads);
    long.grow(300);
    const later = far.heads.copy();
    const { origin, size } = long;
    later.add({ kind: 'head/1', origin, root: long.root(), size: BigInt(size) });
    const reader = new MemoryBundle(ledgerBundle(long, { from: 520, heads: later }));
    const set = await verifyBundleSet(new MemoryBundle(heads), [{ name: 'a', reader }], far);
    expect(set.verdict).toBe('incomplete');
    expect(set.fault?.code).toMatch(/HEADS_BEHIND|HEAD_UNPROVEN/);
  });
});

/** Other text for bundle.json, under a digest that fits. */
function listedAs(files: BundleFiles, manifest: string): BundleFiles {
  const [, ...rest] = files.get('files.sha256')?.toString().split('\n') ?? [];
  const lines = [`${sha256Hex(manifest)}  bundle.json`, ...rest].join('\n');
  return new Map(files)
    .set('bundle.json', Buffer.from(manifest))
    .set('files.sha256', Buffer.from(lines));
}
