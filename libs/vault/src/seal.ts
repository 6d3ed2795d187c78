import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { NONCE_BYTES, writeNonce } from './nonces.js';
import { sealBroken } from './vault-errors.js';

/**
 * version (1 byte, 1) || nonce (12) || ciphertext || tag (16), AES-256-GCM (NIST SP 800-38D). The additional data is the
 * context, UTF-8.
 */
const VERSION = 1;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES;

/** Bytes that a sealed value has more than the value. */
export const SEAL_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

const ALGORITHM = 'aes-256-gcm';
const OPTIONS = { authTagLength: TAG_BYTES } as const;

/** Seals bytes for one place. `nonce`: 12 bytes that no other value is ever sealed with; fresh ones when left out. */
export function sealWith(
  key: KeyObject,
  plain: Uint8Array,
  context: string,
  nonce: Uint8Array | null = null,
): Buffer {
  const sealed = Buffer.allocUnsafe(plain.byteLength + SEAL_OVERHEAD_BYTES);
  sealed[0] = VERSION;
  if (nonce === null) writeNonce(sealed, 1);
  else sealed.set(nonce, 1);
  const cipher = createCipheriv(ALGORITHM, key, sealed.subarray(1, HEADER_BYTES), OPTIONS);
  cipher.setAAD(Buffer.from(context, 'utf8'));
  sealed.set(cipher.update(plain), HEADER_BYTES);
  cipher.final(); // empty in counter mode
  sealed.set(cipher.getAuthTag(), HEADER_BYTES + plain.byteLength);
  return sealed;
}

/** The value again. Throws SEAL_BROKEN for anything that was not sealed with this key for this place. */
export function openWith(key: KeyObject, sealed: Uint8Array, context: string): Buffer {
  if (sealed.byteLength < SEAL_OVERHEAD_BYTES || sealed[0] !== VERSION) throw sealBroken();
  const tagAt = sealed.byteLength - TAG_BYTES;
  const nonce = sealed.subarray(1, HEADER_BYTES);
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS);
    decipher.setAAD(Buffer.from(context, 'utf8'));
    decipher.setAuthTag(sealed.subarray(tagAt));
    const plain = decipher.update(sealed.subarray(HEADER_BYTES, tagAt));
    decipher.final();
    return plain;
  } catch (error) {
    throw sealBroken(error);
  }
}
