import type { KeyObject } from 'node:crypto';
import { SigningKeys } from './signing-keys.js';

/**
 * The key that signs now, out of a file as SigningKeys reads it; made with mode 0600 when the file is missing. Throws
 * SIGNING_KEY for a file that cannot be read or is something else.
 */
export async function loadOrCreateSigningKey(path: string): Promise<KeyObject> {
  return (await SigningKeys.open(path)).current;
}
