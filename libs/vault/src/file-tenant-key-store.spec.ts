import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asTenantId, type TenantId } from '@countersign/kernel';
import { FileTenantKeyStore } from './file-tenant-key-store.js';

const tenant = (n: number): TenantId => asTenantId(`0b1f7a52-9a0e-4c3c-8f57-6d9f1d8f7a0${n}`);

describe('FileTenantKeyStore', () => {
  let root: string;
  let directory: string;
  let keyFile: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'keys-'));
    directory = join(root, 'tenant-keys');
    keyFile = join(root, 'kek');
  });
  afterEach(() => rm(root, { recursive: true }));
  const store = (): FileTenantKeyStore => new FileTenantKeyStore({ directory, keyFile });
  const keyPath = (n: number): string => join(directory, `${tenant(n)}.key`);

  it('keeps keys wrapped, for its owner alone, and leaves nothing unfinished', async () => {
    const key = await store().create(tenant(1));
    expect(key).toHaveLength(32);
    const text = await readFile(keyPath(1), 'utf8');
    expect(text).toMatch(/^countersign-tenant-key\/1 [0-9a-f]{16} \S+\n$/);
    expect(text).not.toContain(Buffer.from(key).toString('base64').slice(0, 40));
    for (const path of [keyPath(1), keyFile]) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o077).toBe(0);
    expect(await readdir(directory)).toHaveLength(1);
    expect(Buffer.from((await store().load(tenant(1))) ?? []).equals(key)).toBe(true);
    expect(await store().load(tenant(2))).toBeNull();
  });

  it('opens no key that was changed or put in the place of another', async () => {
    await store().create(tenant(1));
    const text = await readFile(keyPath(1), 'utf8');
    await writeFile(keyPath(2), text);
    await expect(store().load(tenant(2))).rejects.toMatchObject({ code: 'KEY_ENCRYPTION_KEY' });
    for (const bad of ['', 'x\n', text.slice(0, -8) + 'AAAAAAA\n', text.replace('/1 ', '/2 ')]) {
      await writeFile(keyPath(1), bad);
      await expect(store().load(tenant(1))).rejects.toMatchObject({ code: 'KEY_ENCRYPTION_KEY' });
    }
  });

  it('makes no new key-encryption key while there are keys that an old one wrapped', async () => {
    await store().create(tenant(1));
    await rm(keyFile);
    for (const work of [() => store().load(tenant(1)), () => store().create(tenant(2))]) {
      await expect(work()).rejects.toMatchObject({
        code: 'KEY_ENCRYPTION_KEY',
        publicMessage: expect.stringContaining('is gone') as string,
      });
    }
  });

  it.each(['', 'short', `${randomBytes(31).toString('base64')}\n`])(
    'refuses a key-encryption key file with %j in it',
    async (text) => {
      await writeFile(keyFile, text);
      await expect(store().create(tenant(1))).rejects.toMatchObject({ code: 'KEY_ENCRYPTION_KEY' });
    },
  );

  describe('rewrap', () => {
    const newKey = randomBytes(32);
    const both = async (): Promise<void> => {
      const old = await readFile(keyFile, 'utf8');
      await writeFile(keyFile, `${newKey.toString('base64')}\n${old}`);
    };

    it('puts every key under the new one, whatever was done before', async () => {
      const first = store();
      const keys = await Promise.all([1, 2, 3].map((n) => first.create(tenant(n))));
      expect(await first.rewrap(newKey)).toEqual({ rewrapped: 3, already: 0 });
      // A service that runs knows the old key only: it finds the new one in the file.
      await both();
      expect(
        Buffer.from((await first.load(tenant(1))) ?? []).equals(keys[0] ?? new Uint8Array()),
      ).toBe(true);
      await store().create(tenant(4));
      expect(await store().rewrap(newKey)).toEqual({ rewrapped: 0, already: 4 });
      await writeFile(keyFile, newKey.toString('base64'));
      for (const [n, key] of keys.entries()) {
        expect(Buffer.from((await store().load(tenant(n + 1))) ?? []).equals(key)).toBe(true);
      }
    });

    it('goes on where it was interrupted', async () => {
      const seen: number[] = [];
      for (const n of [1, 2, 3]) await store().create(tenant(n));
      await both();
      const stop = new Error('stop');
      const interrupted = store().rewrap(newKey, (done) => {
        if (done === 2) throw stop;
      });
      await expect(interrupted).rejects.toBe(stop);
      const report = await store().rewrap(newKey, (done) => seen.push(done));
      expect(report).toEqual({ rewrapped: 1, already: 2 });
      expect(seen).toEqual([1, 2, 3]);
    });

    it('brings no destroyed key back', async () => {
      const first = store();
      await first.create(tenant(1));
      await rename(keyPath(1), `${keyPath(1)}.aside`);
      await first.destroy(tenant(1), new Date());
      await rename(`${keyPath(1)}.aside`, keyPath(1)); // as a backup of the folder would
      await first.rewrap(newKey);
      await expect(store().load(tenant(1))).rejects.toMatchObject({ code: 'KEY_DESTROYED' });
      expect(await readdir(directory)).toEqual([`${tenant(1)}.destroyed`]);
    });
  });

  it('destroys a key for ever, once', async () => {
    await store().create(tenant(1));
    await store().destroy(tenant(1), new Date('2026-01-01T00:00:00Z'));
    await store().destroy(tenant(1), new Date('2027-01-01T00:00:00Z'));
    const gone = { code: 'KEY_DESTROYED', details: { destroyedAt: '2026-01-01T00:00:00.000Z' } };
    await expect(store().load(tenant(1))).rejects.toMatchObject(gone);
    await expect(store().create(tenant(1))).rejects.toMatchObject(gone);
    expect(await readdir(directory)).toEqual([`${tenant(1)}.destroyed`]);
  });
});
