import { isAppError, type TenantId } from '@countersign/kernel';
import type { TenantKeyStore } from './tenant-key-store.js';
import { TenantSeal } from './tenant-seal.js';
import { keyMissing } from './vault-errors.js';

export interface VaultOptions {
  readonly store: TenantKeyStore;
  /** Keys held in memory. Default 1,000. */
  readonly cached?: number;
  /** How long a key that another process destroyed may go on being used here. Default 30,000 ms. */
  readonly recheckMs?: number;
}

interface Held {
  readonly seal: TenantSeal;
  /** On the monotonic clock, milliseconds. */
  checkedAt: number;
}

/** The data keys of all tenants, opened when they are needed. One per process. */
export class Vault {
  readonly #store: TenantKeyStore;
  readonly #cached: number;
  readonly #recheckMs: number;
  /** In order of last use. */
  readonly #held = new Map<TenantId, Held>();

  constructor(options: VaultOptions) {
    this.#store = options.store;
    this.#cached = options.cached ?? 1_000;
    this.#recheckMs = options.recheckMs ?? 30_000;
  }

  /** Makes the tenant's key, unless it has one. To be durable before anything is sealed. Throws KEY_DESTROYED. */
  async create(tenantId: TenantId): Promise<TenantSeal> {
    return this.#hold(tenantId, await this.#store.create(tenantId));
  }

  /** The tenant's seal. Throws KEY_DESTROYED, KEY_MISSING or KEY_ENCRYPTION_KEY; never makes a key. */
  async key(tenantId: TenantId): Promise<TenantSeal> {
    const held = this.#held.get(tenantId);
    if (held !== undefined && performance.now() - held.checkedAt < this.#recheckMs) {
      this.#held.delete(tenantId);
      this.#held.set(tenantId, held);
      return held.seal;
    }
    return this.#load(tenantId, held);
  }

  /** The tenant's seal, or null once its key was destroyed: for readers that then show nothing. Throws as `key`. */
  async find(tenantId: TenantId): Promise<TenantSeal | null> {
    try {
      return await this.key(tenantId);
    } catch (error) {
      if (isAppError(error, 'KEY_DESTROYED')) return null;
      throw error;
    }
  }

  /** Destroys the tenant's key: what was sealed with it is lost, in every backup too. */
  async destroy(tenantId: TenantId, at: Date): Promise<void> {
    this.#held.delete(tenantId);
    await this.#store.destroy(tenantId, at);
    this.#held.delete(tenantId);
  }

  async #load(tenantId: TenantId, held: Held | undefined): Promise<TenantSeal> {
    let dataKey: Uint8Array | null;
    try {
      dataKey = await this.#store.load(tenantId);
    } catch (error) {
      // A store that cannot be asked right now says nothing about a key that is known.
      if (held !== undefined && !isAppError(error, 'KEY_DESTROYED')) return held.seal;
      this.#held.delete(tenantId);
      throw error;
    }
    if (dataKey === null) {
      this.#held.delete(tenantId);
      throw keyMissing(tenantId);
    }
    return held === undefined ? this.#hold(tenantId, dataKey) : this.#confirm(tenantId, held);
  }

  #confirm(tenantId: TenantId, held: Held): TenantSeal {
    held.checkedAt = performance.now();
    this.#held.delete(tenantId);
    this.#held.set(tenantId, held);
    return held.seal;
  }

  #hold(tenantId: TenantId, dataKey: Uint8Array): TenantSeal {
    const known = this.#held.get(tenantId);
    if (known !== undefined) return this.#confirm(tenantId, known);
    const seal = new TenantSeal(dataKey);
    this.#held.set(tenantId, { seal, checkedAt: performance.now() });
    if (this.#held.size > this.#cached) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.#held.delete(oldest);
    }
    return seal;
  }
}
