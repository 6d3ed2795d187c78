import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildChain, logSigner } from '../support/golden-chain.js';
import { tileLog } from '../support/tile-log.js';
import { interopDir } from './support/rigs.js';
import { run } from './support/run.js';
import { ROOT } from './support/tools.js';

/** The shell blocks of the page, in order; each may use what the ones before defined. */
async function shellBlocks(): Promise<string[]> {
  const page = await readFile(join(ROOT, 'docs', 'ledger-format.md'), 'utf8');
  return [...page.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

/** What the block says that it prints: its lines of comment. */
function promised(block: string): string[] {
  return block.split('\n').flatMap((line) => (line.startsWith('# ') ? [line.slice(2)] : []));
}

describe('docs/ledger-format.md, with a shell, openssl and sha256sum alone', () => {
  const folder = join(interopDir(), 'format-page');

  beforeAll(async () => {
    const entries = buildChain().entries.map((entry) => Buffer.from(entry.canonical, 'base64'));
    for (const [path, bytes] of tileLog(entries, [logSigner])) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
  });

  it('each command prints what the page says', async () => {
    const blocks = await shellBlocks();
    const expected = blocks.flatMap(promised);
    const { status, stdout, stderr } = await run(
      'bash',
      ['-euo', 'pipefail', '-c', blocks.join('\n')],
      {
        cwd: folder,
      },
    );
    expect(stderr).toBe('');
    // sha256sum adds a dash for standard input.
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ {2}-$/, '')),
    ).toEqual(expected);
    expect(status).toBe(0);
    expect(expected.filter((line) => line === 'Signature Verified Successfully')).toHaveLength(3);
  });

  it('a changed byte of the checkpoint is refused by openssl', async () => {
    const blocks = await shellBlocks();
    const file = join(folder, 'checkpoint');
    const good = await readFile(file, 'utf8');
    await writeFile(file, good.replace('\n7\n', '\n8\n'));
    try {
      const { status } = await run('bash', ['-euo', 'pipefail', '-c', blocks.join('\n')], {
        cwd: folder,
      });
      expect(status).not.toBe(0);
    } finally {
      await writeFile(file, good);
    }
  });
});
