export { fileVault, keyPlaces, type KeyPlaces } from './file-vault.js';
export { FileTenantKeyStore, type FileTenantKeyStoreOptions } from './file-tenant-key-store.js';
export { readKeyEncryptionKeys, type KeyEncryptionKey } from './key-encryption-keys.js';
export { MemoryTenantKeyStore } from './memory-tenant-key-store.js';
export { SEAL_OVERHEAD_BYTES } from './seal.js';
export type { RewrapReport, TenantKeyStore } from './tenant-key-store.js';
export type { TenantSeal } from './tenant-seal.js';
export { Vault, type VaultOptions } from './vault.js';
