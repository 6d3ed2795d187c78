import { privateKeyFromSeed } from '@countersign/chain';
import { AppError } from '@countersign/kernel';
import { randomBytes, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const SEED_BYTES = 32;

/**
 * The witness's Ed25519 key: 32 bytes of seed in base64 on one line, made with mode 0600 when the file is missing.
 * Throws WITNESS_KEY for a file that is something else.
 */
export async function loadOrCreateWitnessKey(path: string): Promise<KeyObject> {
  const existing = await textOf(path);
  if (existing !== null) return keyOf(path, existing);
  const seed = randomBytes(SEED_BYTES);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${seed.toString('base64')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return privateKeyFromSeed(seed);
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw error;
  }
}

function keyOf(path: string, text: string): KeyObject {
  const seed = Buffer.from(text.trim(), 'base64');
  if (seed.byteLength === SEED_BYTES && seed.toString('base64') === text.trim()) {
    return privateKeyFromSeed(seed);
  }
  throw new AppError('WITNESS_KEY', {
    publicMessage: `The key file ${path} does not hold the base64 of 32 bytes.`,
    hint: 'Name the file that this witness used before, or one that does not exist yet.',
  });
}
