import type { SqlTx } from '@countersign/database';
import { isAppError, type TenantId } from '@countersign/kernel';
import type { TenantSeal, Vault } from '@countersign/vault';
import { logNotOpen } from './head.js';

/**
 * What seals a tenant's entries. Throws LOG_NOT_OPEN where there is no key because there is no log yet; KEY_MISSING where
 * there ought to be one, and as `Vault.key`.
 */
export async function sealOf(
  vault: Vault,
  tenantId: TenantId,
  read: <Result>(work: (tx: SqlTx) => Promise<Result>) => Promise<Result>,
): Promise<TenantSeal> {
  try {
    return await vault.key(tenantId);
  } catch (error) {
    if (!isAppError(error, 'KEY_MISSING')) throw error;
    const log = await read((tx) =>
      tx.query('SELECT 1 FROM ledger_log WHERE tenant_id = $1::uuid LIMIT 1', [tx.tenantId]),
    );
    throw log.length === 0 ? logNotOpen() : error;
  }
}
