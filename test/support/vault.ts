import { MemoryTenantKeyStore, Vault } from '@countersign/vault';

const shared = new Vault({ store: new MemoryTenantKeyStore() });

/** One vault for everything in this test process, as replicas of one installation share their key store. */
export function testVault(): Vault {
  return shared;
}
