import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createFileOnce, isErrno } from './durable-files.js';
import { keyEncryptionKey } from './vault-errors.js';

const KEY_BYTES = 32;

/** A key that wraps tenants' data keys. */
export interface KeyEncryptionKey {
  /** 16 hex digits: the first bytes of a hash of the key; says nothing about it. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export function keyEncryptionKeyOf(key: Uint8Array): KeyEncryptionKey {
  const id = createHash('sha256').update('countersign/kek-id/1\0').update(key).digest('hex');
  return { id: id.slice(0, 16), key };
}

/**
 * Reads a file of key-encryption keys: base64 of 32 bytes, one a line. The first wraps new keys, the others still open
 * what they wrapped. Null when the file is not there. Throws KEY_ENCRYPTION_KEY for a file that is something else.
 */
export async function readKeyEncryptionKeys(path: string): Promise<KeyEncryptionKey[] | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw unusable(path, 'it cannot be read', error);
  }
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64'));
  const wellFormed = keys.every((key) => key.byteLength === KEY_BYTES);
  if (keys.length === 0 || !wellFormed) {
    throw unusable(path, 'it does not hold the base64 of 32 bytes on each line');
  }
  return keys.map(keyEncryptionKeyOf);
}

/** Makes a file with one new key, mode 0600. Of two makers the first wins. */
export async function createKeyEncryptionKey(path: string): Promise<void> {
  try {
    await createFileOnce(path, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
  } catch (error) {
    throw unusable(path, 'it cannot be created', error);
  }
}

function unusable(path: string, why: string, cause?: unknown): Error {
  return keyEncryptionKey(
    `The key-encryption key file ${path} is unusable: ${why}.`,
    'Point KEY_ENCRYPTION_KEY_FILE at the file that wrapped the tenant keys so far.',
    cause,
  );
}
