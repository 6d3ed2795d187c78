import { sha256Hex } from '@countersign/chain';
import { AppError } from '@countersign/kernel';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderLock } from './folder-lock.js';

/**
 * What a witness remembers: for each origin the newest checkpoint that it cosigned, one file each. A write is complete
 * or not there at all, and on the disk when it resolves. One process at a time has the folder.
 */
export class StateFolder {
  private constructor(
    private readonly path: string,
    private readonly lock: FolderLock,
  ) {}

  /** Makes the folder when it is missing. Throws WITNESS_STATE when another process has it. */
  static async open(path: string): Promise<StateFolder> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return new StateFolder(path, await FolderLock.take(path));
  }

  async read(origin: string): Promise<string | null> {
    return this.readByHash(hashOf(origin));
  }

  async readByHash(originHash: string): Promise<string | null> {
    if (!/^[0-9a-f]{64}$/.test(originHash)) return null;
    try {
      return await readFile(join(this.path, originHash), 'utf8');
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Rejects with WITNESS_STATE when the folder was taken over by another process; nothing is written then. */
  async write(origin: string, note: string): Promise<void> {
    const unfinished = join(this.path, `unfinished.${randomBytes(6).toString('hex')}`);
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        await file.writeFile(note);
        await file.sync();
      } finally {
        await file.close();
      }
      if (!(await this.lock.isHeld())) throw lost(this.path);
      await rename(unfinished, join(this.path, hashOf(origin)));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await syncFolder(this.path);
  }

  async close(): Promise<void> {
    await this.lock.release();
  }
}

function hashOf(origin: string): string {
  return sha256Hex(Buffer.from(origin, 'utf8'));
}

/** The new name is durable only when the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function lost(path: string): AppError {
  return new AppError('WITNESS_STATE', {
    publicMessage: `Another witness took over the folder ${path}.`,
    hint: 'Let one process alone use it.',
  });
}
