import { AppError } from '@countersign/kernel';
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Keeps a second process out of a folder: a file that names the process that has it. What a killed process left is
 * taken over. Two that take over at the same moment see it before they write (`isHeld`).
 */
export class FolderLock {
  private constructor(
    private readonly file: string,
    private readonly token: string,
  ) {}

  /** Throws WITNESS_STATE when a living process has the folder. */
  static async take(folder: string): Promise<FolderLock> {
    const file = join(folder, 'lock');
    const token = `${process.pid} ${randomBytes(12).toString('hex')}\n`;
    const mine = `${file}.${token.slice(0, -1).replace(' ', '.')}`;
    await writeFile(mine, token, { flag: 'wx', mode: 0o600 });
    try {
      const holder = await textOf(file);
      if (holder !== null) {
        if (isAlive(Number(holder.split(' ')[0]))) throw taken(folder, holder);
        await rename(mine, file);
      } else {
        await link(mine, file).catch(async (error: unknown) => {
          if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
          throw taken(folder, (await textOf(file)) ?? '');
        });
      }
    } finally {
      await rm(mine, { force: true });
    }
    const lock = new FolderLock(file, token);
    if (!(await lock.isHeld())) throw taken(folder, (await textOf(file)) ?? '');
    return lock;
  }

  async isHeld(): Promise<boolean> {
    return (await textOf(this.file)) === this.token;
  }

  async release(): Promise<void> {
    if (await this.isHeld()) await rm(this.file, { force: true });
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw error;
  }
}

/** In a container every start has the same process id: what it left itself is not in its way. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

function taken(folder: string, holder: string): AppError {
  return new AppError('WITNESS_STATE', {
    publicMessage: `The folder ${folder} is in use by process ${holder.split(' ')[0] ?? 'unknown'}.`,
    hint: 'A witness must not run twice on one folder: it could cosign two histories. Stop the other one first.',
  });
}
