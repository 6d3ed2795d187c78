import { join } from 'node:path';
import { FileTenantKeyStore, type FileTenantKeyStoreOptions } from './file-tenant-key-store.js';
import { Vault } from './vault.js';

/** The settings of an installation that say where its keys are. */
export interface KeyPlaces {
  readonly dataDir: string;
  /** KEY_ENCRYPTION_KEY_FILE; null: under dataDir. */
  readonly keyEncryptionKeyFile: string | null;
  /** TENANT_KEYS_DIR; null: under dataDir. */
  readonly tenantKeysDir: string | null;
}

/** Where the keys of an installation are kept. */
export function keyPlaces(places: KeyPlaces): FileTenantKeyStoreOptions {
  return {
    directory: places.tenantKeysDir ?? join(places.dataDir, 'tenant-keys'),
    keyFile: places.keyEncryptionKeyFile ?? join(places.dataDir, 'keys', 'key-encryption.key'),
  };
}

/** The vault of an installation, over the file store. */
export function fileVault(places: KeyPlaces): Vault {
  return new Vault({ store: new FileTenantKeyStore(keyPlaces(places)) });
}
