import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER = 0x36;
const OUTER = 0x5c;

/** HMAC-SHA-256 (RFC 2104) of whole messages under one key: two calls of Node's one-shot hash instead of an object for each. */
export class Hmac {
  readonly #inner: Buffer;
  /** The outer block, and behind it the inner digest of the call that runs. */
  readonly #outer: Buffer;

  /** `key`: up to 64 bytes. */
  constructor(key: Uint8Array) {
    if (key.byteLength > BLOCK_BYTES) throw new RangeError('a key longer than a block');
    this.#inner = Buffer.alloc(BLOCK_BYTES, INNER);
    this.#outer = Buffer.concat([Buffer.alloc(BLOCK_BYTES, OUTER), Buffer.alloc(DIGEST_BYTES)]);
    key.forEach((byte, i) => {
      this.#inner[i] = byte ^ INNER;
      this.#outer[i] = byte ^ OUTER;
    });
  }

  /** 64 lower-case hex digits. */
  hex(message: Uint8Array): string {
    const keyed = Buffer.allocUnsafe(BLOCK_BYTES + message.byteLength);
    keyed.set(this.#inner);
    keyed.set(message, BLOCK_BYTES);
    this.#outer.write(hash('sha256', keyed, 'binary'), BLOCK_BYTES, DIGEST_BYTES, 'latin1');
    return hash('sha256', this.#outer, 'hex');
  }
}
