import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { noteText, sha256 } from '@countersign/chain';
import { timestampRequest } from '../../libs/anchor/src/timestamp/request.js';
import { listed, type BundleFiles } from '../support/chain-bundle.js';
import { replaced } from '../support/chain-damage.js';
import { goldenBundles } from '../support/chain-golden-bundles.js';
import { countersign, type CommandAnswer } from '../support/command-line.js';
import { OpensslAuthority } from './support/openssl-authority.js';

const TOKEN = 'heads/anchors/test-authority.tsr';

describe('verify --tsa-cert, with tokens that openssl ts made', () => {
  const { golden, policy } = goldenBundles();
  const note = golden.get('heads/checkpoint')!;
  let authority: OpensslAuthority;
  let place: string;
  let token: Buffer;
  beforeAll(() => {
    authority = new OpensslAuthority();
    token = stamp(note);
  });
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'stamped-'));
    writeFileSync(join(place, 'policy'), policy);
  });
  afterEach(() => {
    rmSync(place, { recursive: true });
  });
  afterAll(() => {
    authority.close();
  });

  const stamp = (bytes: Uint8Array): Buffer => authority.reply(timestampRequest(bytes).der);
  /** The golden bundle with this token in the place of its own, as whoever forges it would write it. */
  async function verify(bytes: Buffer, certificate: string | null = 'ca'): Promise<CommandAnswer> {
    const files: BundleFiles = replaced(golden, { [TOKEN]: bytes });
    for (const [path, content] of listed(files)) {
      const to = join(place, 'bundle', path);
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, content);
    }
    const trust = certificate === null ? [] : ['--tsa-cert', authority.file(certificate)];
    return countersign(
      ...['verify', join(place, 'bundle'), '--policy', join(place, 'policy')],
      ...trust,
    );
  }

  it.each(['ca', 'tsa'])(
    'accepts one with the certificate %s pinned, and says when',
    async (name) => {
      const { code, text } = await verify(token, name);
      expect(text).toMatch(/^ {2}timestamps +pass +\d{4}-\d{2}-\d{2}T/m);
      expect(code).toBe(0);
    },
  );

  it('accepts one that was made before the witnesses had cosigned', async () => {
    const text = noteText(note.toString('utf8'))!;
    const [, signature] = note.toString('utf8').slice(text.length).split('\n');
    const early = stamp(Buffer.from(`${text}\n${signature!}\n`));
    expect(await verify(early)).toMatchObject({ code: 0 });
  });

  it('judges none without a certificate, and says so', async () => {
    const { code, text } = await verify(token, null);
    expect(text).toMatch(/^ {2}timestamps +absent +no certificate of an authority is pinned$/m);
    expect(code).toBe(0);
  });

  it('refuses one with a byte changed: of what was stamped, of its time, of its signature', async () => {
    const imprint = token.indexOf(sha256(note));
    const time = token.indexOf('Z', imprint) - 1;
    for (const at of [imprint, imprint + 31, time, token.length - 40, token.length - 1]) {
      const changed = Buffer.from(token);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const { code, text } = await verify(changed);
      expect(text).toContain('TIMESTAMP_INVALID');
      expect(code).toBe(1);
    }
  });

  it('refuses one of another authority, over another note, and what is no token', async () => {
    const answers = [
      await verify(token, 'web'),
      await verify(stamp(Buffer.from('another note'))),
      await verify(Buffer.from('<html>')),
      await verify(Buffer.alloc(0)),
    ];
    for (const { code, text } of answers) {
      expect(text).toContain('TIMESTAMP_INVALID');
      expect(code).toBe(1);
    }
  });

  it('takes a file without certificates for wrong use', async () => {
    writeFileSync(join(place, 'no.pem'), 'nothing');
    await expect(
      countersign(
        ...['verify', place, '--policy', join(place, 'policy')],
        ...['--tsa-cert', join(place, 'no.pem')],
      ),
    ).rejects.toMatchObject({ exitCode: 3 });
  });
});
