import { hash } from 'node:crypto';
import { ChainError } from '../errors.js';
import { canonicalize } from '../json/canonical.js';
import { isJsonObject, type Json } from '../json/json.js';

/** Bytes of a salt: 128 bits keep a short value from being guessed out of its digest. */
export const SALT_BYTES = 16;

/** SHA-256(salt || canonical JSON of value), lower-case hex. Throws ChainError SALT_LENGTH and as `canonicalize`. */
export function commit(salt: Uint8Array, value: Json): string {
  return saltedDigest(salt, canonicalize(value));
}

/** SHA-256(salt || received bytes), lower-case hex. Throws ChainError SALT_LENGTH. */
export function evidenceDigest(salt: Uint8Array, bytes: Uint8Array): string {
  return saltedDigest(salt, bytes);
}

/** SHA-256(salt || bytes), lower-case hex. Throws ChainError SALT_LENGTH. */
export function saltedDigest(salt: Uint8Array, bytes: Uint8Array): string {
  if (salt.byteLength !== SALT_BYTES) {
    throw new ChainError('SALT_LENGTH', `${salt.byteLength} bytes, expected ${SALT_BYTES}`);
  }
  const salted = Buffer.allocUnsafe(SALT_BYTES + bytes.byteLength);
  salted.set(salt);
  salted.set(bytes, SALT_BYTES);
  return hash('sha256', salted, 'hex');
}

/** True for exactly `{"sd": "<64 hex>"}`. */
export function isCommitment(value: Json | undefined): value is { readonly sd: string } {
  if (!isJsonObject(value)) return false;
  const digest = value['sd'];
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return false;
  return Object.keys(value).length === 1;
}
