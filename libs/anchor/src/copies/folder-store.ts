import { AppError } from '@countersign/kernel';
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WriteOnceStore } from './write-once-store.js';

/**
 * Copies in a folder, best on a disk that only appends. A file appears whole, with mode 0444, or not at all, and is
 * never written again.
 */
export class FolderStore implements WriteOnceStore {
  readonly name = 'folder';

  constructor(private readonly root: string) {}

  async put(name: string, bytes: Uint8Array): Promise<'stored' | 'exists-same' | 'exists-other'> {
    const path = join(this.root, name);
    const folder = dirname(path);
    const unfinished = join(folder, `.unfinished.${randomBytes(6).toString('hex')}`);
    try {
      // Not the root itself: a disk that is not mounted must not look like an empty one.
      await mkdir(folder).catch(unlessThere);
      const file = await open(unfinished, 'wx', 0o444);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      // Unlike rename, link never replaces what is there.
      await link(unfinished, path);
      await syncFolder(folder);
      return 'stored';
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw failed(this.root, error);
      const present = await readFile(path);
      return present.equals(bytes) ? 'exists-same' : 'exists-other';
    } finally {
      await rm(unfinished, { force: true }).catch(() => undefined);
    }
  }

  async newest(folder: string): Promise<{ name: string; bytes: Buffer } | null> {
    try {
      await readdir(this.root);
      const names = await readdir(join(this.root, folder)).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === 'ENOENT') return [];
        throw error;
      });
      const [first] = names.filter((name) => name.endsWith('.checkpoint')).sort();
      if (first === undefined) return null;
      const name = `${folder}/${first}`;
      return { name, bytes: await readFile(join(this.root, name)) };
    } catch (error) {
      throw failed(this.root, error);
    }
  }
}

function unlessThere(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function failed(root: string, cause: unknown): AppError {
  const code = (cause as { code?: unknown }).code;
  return new AppError('COPY_FAILED', {
    publicMessage: `The write-once folder ${root} cannot be used${typeof code === 'string' ? ` (${code})` : ''}.`,
    hint: 'Check ANCHOR_DIR: it must exist and this process must be able to make files in it.',
    cause,
  });
}
