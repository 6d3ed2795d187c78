import { randomBytes } from 'node:crypto';
import type { TenantId } from '@countersign/kernel';
import type { RewrapReport, TenantKeyStore } from './tenant-key-store.js';
import { keyDestroyed } from './vault-errors.js';

/** Keys that end with the process: for tests and benchmarks, whose databases end with it too. */
export class MemoryTenantKeyStore implements TenantKeyStore {
  readonly #keys = new Map<TenantId, Uint8Array>();
  readonly #destroyed = new Map<TenantId, string>();

  load(tenantId: TenantId): Promise<Uint8Array | null> {
    const destroyedAt = this.#destroyed.get(tenantId);
    if (destroyedAt !== undefined) return Promise.reject(keyDestroyed(tenantId, destroyedAt));
    return Promise.resolve(this.#keys.get(tenantId) ?? null);
  }

  async create(tenantId: TenantId): Promise<Uint8Array> {
    const known = await this.load(tenantId);
    if (known !== null) return known;
    const key = randomBytes(32);
    this.#keys.set(tenantId, key);
    return key;
  }

  destroy(tenantId: TenantId, at: Date): Promise<void> {
    this.#keys.delete(tenantId);
    if (!this.#destroyed.has(tenantId)) this.#destroyed.set(tenantId, at.toISOString());
    return Promise.resolve();
  }

  rewrap(): Promise<RewrapReport> {
    return Promise.resolve({ rewrapped: 0, already: this.#keys.size });
  }
}
