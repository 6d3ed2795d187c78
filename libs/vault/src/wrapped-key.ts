import { createSecretKey } from 'node:crypto';
import { isAppError, type TenantId } from '@countersign/kernel';
import type { KeyEncryptionKey } from './key-encryption-keys.js';
import { openWith, sealWith } from './seal.js';
import { keyEncryptionKey } from './vault-errors.js';

/** `countersign-tenant-key/1 <id of the wrapping key> <base64 of the sealed data key>`, one line. */
const FORMAT = 'countersign-tenant-key/1';
const LINE = /^countersign-tenant-key\/1 ([0-9a-f]{16}) ([A-Za-z0-9+/]+=*)\n$/;

/** A data key as it may be written to a disk. */
export function wrapKey(
  wrapping: KeyEncryptionKey,
  tenantId: TenantId,
  dataKey: Uint8Array,
): string {
  const sealed = sealWith(createSecretKey(wrapping.key), dataKey, contextOf(wrapping, tenantId));
  return `${FORMAT} ${wrapping.id} ${sealed.toString('base64')}\n`;
}

/** Id of the key that wrapped this one; null for something else. */
export function wrappedUnder(wrapped: string): string | null {
  return LINE.exec(wrapped)?.[1] ?? null;
}

/** The data key again. Throws KEY_ENCRYPTION_KEY when the file was changed or belongs to another tenant. */
export function unwrapKey(
  wrapping: KeyEncryptionKey,
  tenantId: TenantId,
  wrapped: string,
): Uint8Array {
  const sealed = Buffer.from(LINE.exec(wrapped)?.[2] ?? '', 'base64');
  try {
    return openWith(createSecretKey(wrapping.key), sealed, contextOf(wrapping, tenantId));
  } catch (error) {
    if (!isAppError(error, 'SEAL_BROKEN')) throw error;
    throw keyEncryptionKey(
      `The data key of tenant ${tenantId} cannot be unwrapped: its file was changed or belongs to another tenant.`,
      'Restore the file in TENANT_KEYS_DIR.',
      error,
    );
  }
}

function contextOf(wrapping: KeyEncryptionKey, tenantId: TenantId): string {
  return `${FORMAT}/${wrapping.id}/${tenantId}`;
}
