import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { openWith, sealWith } from './seal.js';

const KEY_BYTES = 32;

/** Seals and opens one tenant's values. Each use of the data key has a key of its own (HKDF-SHA-256, RFC 5869). */
export class TenantSeal {
  readonly #dataKey: Uint8Array;
  readonly #sealing: KeyObject;
  readonly #macs = new Map<string, KeyObject>();

  /** `dataKey`: 32 bytes, from the key store. */
  constructor(dataKey: Uint8Array) {
    this.#dataKey = dataKey;
    this.#sealing = createSecretKey(derive(dataKey, 'countersign/seal/1'));
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
   * HMAC-SHA-256, 64 lower-case hex digits, under a key of the tenant and the purpose: equal contents can be told
   * without the key's owner learning, or a reader of the store guessing, what they are.
   */
  macHex(bytes: Uint8Array | string, purpose: string): string {
    let key = this.#macs.get(purpose);
    if (key === undefined) {
      key = createSecretKey(derive(this.#dataKey, `countersign/mac/1/${purpose}`));
      this.#macs.set(purpose, key);
    }
    return createHmac('sha256', key).update(bytes).digest('hex');
  }
}

function derive(dataKey: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, Buffer.alloc(0), info, KEY_BYTES));
}
