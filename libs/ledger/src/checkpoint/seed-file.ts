import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@countersign/kernel';

/** Bytes of an Ed25519 seed (RFC 8032 section 5.1.5). */
const SEED_BYTES = 32;
/** A rotation needs two; more lines are a mistake. */
const SEEDS_MAX = 8;

/**
 * The seeds of a key file: the base64 of 32 bytes a line, the current key first. Null when there is no such file.
 * Throws SIGNING_KEY for a file that cannot be read or is something else; the message never quotes it.
 */
export async function readSeeds(path: string): Promise<Buffer[] | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw unusable(path, 'it cannot be read', error);
  }
  const lines = text.trim().split(/\s*\n\s*/);
  const seeds = lines.map((line) => Buffer.from(line, 'base64'));
  const sound = seeds.every((seed, i) => {
    return seed.byteLength === SEED_BYTES && seed.toString('base64') === lines[i];
  });
  if (!sound) throw unusable(path, 'it does not hold the base64 of 32 bytes on each line');
  if (seeds.length > SEEDS_MAX) throw unusable(path, `it holds more than ${SEEDS_MAX} keys`);
  if (new Set(lines).size !== lines.length) throw unusable(path, 'it holds a key twice');
  return seeds;
}

/** Makes the file with one new seed; of two makers the first wins. */
export async function createSeeds(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = await writeBeside(path, [newSeed()]);
  try {
    await link(unfinished, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw unusable(path, 'it cannot be created', error);
  } finally {
    await rm(unfinished);
  }
}

/**
 * Puts what `change` makes of the seeds in place of them, all at once, mode 0600. Two changes at the same time: one of
 * them throws SIGNING_KEY.
 */
export async function changeSeeds(
  path: string,
  change: (seeds: readonly Buffer[]) => readonly Buffer[],
): Promise<void> {
  const lock = `${path}.lock`;
  await openNew(lock).then(
    (file) => file.close(),
    (error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw unusable(path, 'its folder cannot be written to', error);
      throw unusable(path, `another change is under way (or was cut short: then remove ${lock})`);
    },
  );
  try {
    const seeds = await readSeeds(path);
    if (seeds === null) throw unusable(path, 'it is not there');
    const unfinished = await writeBeside(path, change(seeds));
    try {
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw unusable(path, 'it cannot be replaced', error);
    }
    await syncFolder(dirname(path));
  } finally {
    await rm(lock, { force: true });
  }
}

export function newSeed(): Buffer {
  return randomBytes(SEED_BYTES);
}

/** Complete and on disk under another name first: whoever finds the file finds all of it. */
async function writeBeside(path: string, seeds: readonly Uint8Array[]): Promise<string> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await openNew(unfinished);
  try {
    await file.writeFile(seeds.map((s) => `${Buffer.from(s).toString('base64')}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  return unfinished;
}

function openNew(path: string): Promise<FileHandle> {
  return open(path, 'wx', 0o600);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** SIGNING_KEY, with what an operator can do. */
export function unusable(path: string, why: string, cause?: unknown): AppError {
  return new AppError('SIGNING_KEY', {
    publicMessage: `The signing key ${path} is unusable: ${why}.`,
    hint: 'Point SIGNING_KEY_FILE at the key that signed the checkpoints so far. A new key is a new log to verifiers.',
    cause,
  });
}
