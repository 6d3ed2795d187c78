import { randomBytes, type KeyObject } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { privateKeyFromSeed } from '@countersign/chain';
import { AppError } from '@countersign/kernel';

/** Bytes of an Ed25519 seed (RFC 8032 section 5.1.5). */
const SEED_BYTES = 32;

/**
 * The log's Ed25519 key: 32 bytes of seed in base64 on one line. Made with mode 0600 when the file is missing. Every
 * replica must be given the same file. Throws SIGNING_KEY for a file that cannot be read or is something else.
 */
export async function loadOrCreateSigningKey(path: string): Promise<KeyObject> {
  const existing = await readSeed(path);
  if (existing !== null) return privateKeyFromSeed(existing);
  await createSeed(path);
  const made = await readSeed(path);
  if (made === null) throw unusable(path, 'it cannot be created');
  return privateKeyFromSeed(made);
}

async function readSeed(path: string): Promise<Buffer | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw unusable(path, 'it cannot be read', error);
  }
  const seed = Buffer.from(text.trim(), 'base64');
  if (seed.byteLength !== SEED_BYTES || seed.toString('base64') !== text.trim()) {
    throw unusable(path, 'it does not hold the base64 of 32 bytes');
  }
  return seed;
}

/** Complete under another name first: whoever finds the file finds all of it, and of two makers the first wins. */
async function createSeed(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(unfinished, 'wx', 0o600);
  try {
    await file.writeFile(`${randomBytes(SEED_BYTES).toString('base64')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(unfinished, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw unusable(path, 'it cannot be created', error);
  } finally {
    await rm(unfinished);
  }
}

function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

function unusable(path: string, why: string, cause?: unknown): AppError {
  return new AppError('SIGNING_KEY', {
    publicMessage: `The signing key ${path} is unusable: ${why}.`,
    hint: 'Point SIGNING_KEY_FILE at the key that signed the checkpoints so far. A new key is a new log to verifiers.',
    cause,
  });
}
