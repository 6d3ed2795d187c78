import type { TenantId } from '@countersign/kernel';

/** What became of a rewrap. */
export interface RewrapReport {
  /** Keys that are now under the new key-encryption key. */
  readonly rewrapped: number;
  /** Keys that were under it already: an earlier run got so far. */
  readonly already: number;
}

/**
 * Where the data keys of tenants are kept: the port for a key-management service. It lies outside of the database on
 * purpose, because a key that is kept beside the data comes back with every backup of the data.
 *
 * An implementation over a KMS keeps the wrapped key and asks the service to unwrap it: `create` is GenerateDataKey
 * with the tenant's id as encryption context, `load` is Decrypt, `destroy` deletes the wrapped key and leaves a mark,
 * `rewrap` is ReEncrypt. All methods may be called by several processes at once.
 */
export interface TenantKeyStore {
  /** 32 bytes, or null when the tenant never had a key here. Throws KEY_DESTROYED (details.destroyedAt). */
  load(tenantId: TenantId): Promise<Uint8Array | null>;
  /** Makes a key and returns it, durable; of several makers one wins and all get its key. Throws KEY_DESTROYED. */
  create(tenantId: TenantId): Promise<Uint8Array>;
  /** Takes the key away for ever and leaves a mark that says when. Does nothing when that was done before. */
  destroy(tenantId: TenantId, at: Date): Promise<void>;
  /** Wraps every key anew, under another key-encryption key (32 bytes). May be repeated after an interruption. */
  rewrap(newKey: Uint8Array, onProgress?: (done: number) => void): Promise<RewrapReport>;
}
