import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { Hmac } from './hmac.js';
import { NONCE_BYTES } from './nonces.js';
import { openWith, sealWith } from './seal.js';

const KEY_BYTES = 32;

/** Seals and opens one tenant's values. Each use of the data key has a key of its own (HKDF-SHA-256, RFC 5869). */
export class TenantSeal {
  readonly #dataKey: Uint8Array;
  readonly #sealing: KeyObject;
  readonly #steady: KeyObject;
  readonly #macs = new Map<string, Hmac>();

  /** `dataKey`: 32 bytes, from the key store. */
  constructor(dataKey: Uint8Array) {
    this.#dataKey = dataKey;
    this.#sealing = createSecretKey(derive(dataKey, 'countersign/seal/1'));
    this.#steady = createSecretKey(derive(dataKey, 'countersign/seal-steady/1'));
  }

  /**
   * Seals bytes with AES-256-GCM. `context` names the place that they are kept in (table, row, column): they cannot be
   * opened at another place, so nobody can exchange sealed values between rows.
   */
  seal(plain: Uint8Array, context: string): Buffer {
    return sealWith(this.#sealing, plain, context);
  }

  /** Opens what `seal` made for the same context. Throws SEAL_BROKEN. */
  open(sealed: Uint8Array, context: string): Buffer {
    return openWith(this.#sealing, sealed, context);
  }

  /**
   * As `seal`, but the same value at the same place gives the same bytes, for rows that are made again and must be equal.
   * The nonce is a keyed hash of both (as in SIV, RFC 5297), so no other value is sealed under it. Tells a reader of the
   * store only that a value at one place did not change.
   */
  sealSteady(plain: Uint8Array, context: string): Buffer {
    const nonce = Buffer.from(
      this.macHex(Buffer.concat([Buffer.from(`${context}\0`, 'utf8'), plain]), 'seal-steady'),
      'hex',
    ).subarray(0, NONCE_BYTES);
    return sealWith(this.#steady, plain, context, nonce);
  }

  /** Opens what `sealSteady` made for the same context. Throws SEAL_BROKEN. */
  openSteady(sealed: Uint8Array, context: string): Buffer {
    return openWith(this.#steady, sealed, context);
  }

  /**
   * HMAC-SHA-256, 64 lower-case hex digits, under a key of the tenant and the purpose: equal contents can be told
   * without the key's owner learning, or a reader of the store guessing, what they are.
   */
  macHex(message: Uint8Array | string, purpose: string): string {
    let mac = this.#macs.get(purpose);
    if (mac === undefined) {
      mac = new Hmac(derive(this.#dataKey, `countersign/mac/1/${purpose}`));
      this.#macs.set(purpose, mac);
    }
    return mac.hex(typeof message === 'string' ? Buffer.from(message, 'utf8') : message);
  }
}

function derive(dataKey: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, Buffer.alloc(0), info, KEY_BYTES));
}
