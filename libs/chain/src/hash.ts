import { hash } from 'node:crypto';

/** Bytes of a SHA-256 digest. */
export const HASH_BYTES = 32;

/** SHA-256 of bytes, or of a string's UTF-8. */
export function sha256(data: Uint8Array | string): Buffer {
  const digest = Buffer.allocUnsafe(HASH_BYTES);
  sha256Into(data, digest, 0);
  return digest;
}

/**
 * Writes the SHA-256 of bytes into `target` at an offset. By way of a string: Node makes one in half the time in which it
 * makes a Buffer, the copy included.
 */
export function sha256Into(data: Uint8Array | string, target: Buffer, at: number): void {
  target.write(hash('sha256', data, 'binary'), at, HASH_BYTES, 'latin1');
}

/** SHA-256 in lower-case hex. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/** True when both hold the same bytes. Hashes here are public; no constant time is needed. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Lower-case hex of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

const HEX_DIGIT = new Uint8Array(128);
for (const digit of '0123456789abcdef') HEX_DIGIT[digit.charCodeAt(0)] = 1;

/** True when `text` has nothing but `count` lower-case hex digits from `at` to its end. A regular expression takes longer. */
export function isHexFrom(text: string, at: number, count: number): boolean {
  const { length } = text;
  if (length !== at + count) return false;
  for (let i = at; i < length; i++) if (HEX_DIGIT[text.charCodeAt(i)] !== 1) return false;
  return true;
}
