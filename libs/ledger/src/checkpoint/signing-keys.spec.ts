import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVerifierKey, verifyCheckpoint, signCheckpoint, sha256 } from '@countersign/chain';
import { changeSeeds, newSeed } from './seed-file.js';
import { SigningKeys } from './signing-keys.js';

describe('SigningKeys', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signing-keys-'));
    path = join(directory, 'log.key');
  });
  afterEach(() => rm(directory, { recursive: true }));
  const origin = 'audit.example/1';
  const vkeys = (keys: SigningKeys): string[] => keys.verifiers(origin).map(({ vkey }) => vkey);

  it('takes up a new key beside the old one without a restart, and drops the old one again', async () => {
    const keys = await SigningKeys.open(path);
    const [old = ''] = vkeys(keys);
    expect(await keys.refresh()).toBe(false);
    await changeSeeds(path, (seeds) => [newSeed(), ...seeds]);
    expect(await keys.refresh()).toBe(true);
    const [young = '', second] = vkeys(keys);
    expect(second).toBe(old);
    expect(young).not.toBe(old);

    const root = sha256(Buffer.from('tree'));
    const note = signCheckpoint({ origin, size: 4n, root }, keys.signers(origin));
    for (const vkey of [old, young]) {
      const verdict = verifyCheckpoint(note, { origin, logKeys: [parseVerifierKey(vkey)] });
      expect(verdict).toMatchObject({ ok: true });
    }
    expect(note.split('\n').filter((line) => line.startsWith('\u2014'))).toHaveLength(2);

    await changeSeeds(path, (seeds) => seeds.slice(0, 1));
    await keys.refresh();
    expect(vkeys(keys)).toEqual([young]);
  });

  it('replaces the file all at once, for nobody else to read, and leaves nothing beside it', async () => {
    await SigningKeys.open(path);
    await changeSeeds(path, (seeds) => [newSeed(), ...seeds]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^([A-Za-z0-9+/]{43}=\n){2}$/);
    expect(await readdir(directory)).toEqual(['log.key']);
  });

  it('lets one of two changes through that come at the same time', async () => {
    await SigningKeys.open(path);
    const add = (): Promise<void> => changeSeeds(path, (seeds) => [newSeed(), ...seeds]);
    const results = await Promise.allSettled([add(), add(), add()]);
    const done = results.filter(({ status }) => status === 'fulfilled').length;
    expect(await readFile(path, 'utf8')).toHaveLength(45 * (1 + done));
    expect(await readdir(directory)).toEqual(['log.key']);
  });

  it.each([
    ['gone', null],
    ['empty', ''],
    ['half a key', 'c29tZXRoaW5n\n'],
    ['a key twice', `${'A'.repeat(43)}=\n${'A'.repeat(43)}=\n`],
  ])('keeps the keys it has when the file is %s', async (_, text) => {
    const keys = await SigningKeys.open(path);
    const before = vkeys(keys);
    if (text === null) await rm(path);
    else await writeFile(path, text);
    await expect(keys.refresh()).rejects.toMatchObject({ code: 'SIGNING_KEY' });
    expect(vkeys(keys)).toEqual(before);
  });

  it('never quotes what is in the file', async () => {
    await writeFile(path, 'hunter2');
    const failure = await SigningKeys.open(path).catch((error: unknown) => error);
    expect(JSON.stringify(failure)).not.toContain('hunter2');
    expect(String(failure)).not.toContain('hunter2');
  });
});
