import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cleanup } from './support/cleanup.js';
import { Installation } from './support/installation.js';
import { readLedger, verifyLedger, type Ledger } from './support/ledger.js';
import { verifyInPython, verifyOverApi } from './support/python-verifier.js';
import { interopDir } from './support/rigs.js';
import { demo, ROOT } from './support/tools.js';

const FIXTURES = join(ROOT, 'test', 'fixtures', 'chains');

interface Manifest {
  readonly origin: string;
  readonly vkey: string;
  readonly files: readonly {
    readonly file: string;
    readonly code: string | null;
    readonly sequence: number | null;
  }[];
}

const manifest = JSON.parse(readFileSync(join(FIXTURES, 'manifest.json'), 'utf8')) as Manifest;

describe('the verifier in Python, on the chains of the repository', () => {
  const verify = (file: string): ReturnType<typeof verifyInPython> => {
    const { origin, vkey } = manifest;
    return verifyInPython(['--file', join(FIXTURES, file), '--vkey', vkey, '--origin', origin]);
  };

  it.each(manifest.files)('$file: $code', async ({ file, code, sequence }) => {
    const { status, stdout } = await verify(file);
    const where = sequence === null ? 'checkpoint' : `sequence ${sequence}`;
    expect(stdout).toMatch(code === null ? /^OK \d+ entries/ : `FAILED ${code} ${where}:`);
    expect(status).toBe(code === null ? 0 : 1);
  });

  it('ends with 2 when there is nothing to read and with 3 when it is asked wrongly', async () => {
    expect((await verify('no-such-file')).status).toBe(2);
    expect((await verifyInPython(['--file', 'x', '--vkey', 'no key'])).status).toBe(3);
  });
});

describe('the ledger of the demo, read over the API of a running service', () => {
  const cleanup = new Cleanup();
  let installation: Installation;
  let ledger: Ledger;

  beforeAll(async () => {
    installation = cleanup.add(await Installation.create('verifier'), (it) => it.close());
    await installation.start();
    const { runDemo } = await demo();
    await runDemo({
      url: installation.url,
      fixtures: join(ROOT, 'test', 'fixtures', 'card-fraud-session'),
      demoFile: join(interopDir(), 'verifier', 'demo.json'),
      step: () => undefined,
      say: () => undefined,
      onStop: (stop) => cleanup.add(stop, stop),
    });
    ledger = await readLedger(installation.person('ana@acme'));
  });
  afterAll(() => cleanup.run());

  it('verifies in Python, payloads, disclosures and evidence of every entry included', async () => {
    const { origin } = ledger.checkpoint;
    const ana = installation.person('ana@acme');
    const { status, stderr, stdout } = await verifyOverApi(installation, ana, origin);
    expect(stderr).toBe('');
    expect(stdout).toContain(
      `OK ${ledger.checkpoint.size} entries, root ${ledger.checkpoint.rootHash}`,
    );
    expect(stdout).toContain(`payloads checked: ${ledger.checkpoint.size}, withheld: 0`);
    expect(status).toBe(0);
  });

  it('verifies with the library and in the database, with the same root', async () => {
    const size = BigInt(ledger.checkpoint.size);
    expect(await verifyLedger(installation, ledger)).toMatchObject({ ok: true, size });
    const { status, stdout } = await installation.cli('verify', '--live', '--tenant', 'acme');
    expect(stdout).toContain(`root ${ledger.checkpoint.rootHash}`);
    expect(status).toBe(0);
  });

  it('is refused with another key, and with the token of nobody', async () => {
    const { origin } = ledger.checkpoint;
    const url = `${installation.url}/graphql`;
    const ana = await installation.person('ana@acme').token();
    const other = await verifyInPython(['--url', url, '--vkey', manifest.vkey], ana);
    expect(other.stdout).toMatch(/^FAILED NOTE_UNVERIFIED checkpoint/);
    expect(other.status).toBe(1);
    const vkey = await installation.verifierKey(origin);
    const nobody = await verifyInPython(
      ['--url', url, '--vkey', vkey, '--origin', origin],
      'x.y.z',
    );
    expect(nobody.stderr).toMatch(/^UNVERIFIED /);
    expect(nobody.status).toBe(2);
  });

  it('shows each tenant its own ledger only', async () => {
    const globex = await readLedger(installation.person('greg@globex'));
    expect(globex.checkpoint.origin).not.toBe(ledger.checkpoint.origin);
    expect(await verifyLedger(installation, globex)).toMatchObject({ ok: true });
    const bytes = JSON.stringify(globex.entries);
    expect(bytes).not.toContain('card-fraud');
  });
});
