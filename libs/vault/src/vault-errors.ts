import { AppError, type TenantId } from '@countersign/kernel';

/** The tenant was closed: nothing that was sealed for it can be read again. */
export function keyDestroyed(tenantId: TenantId, destroyedAt: string): AppError {
  return new AppError('KEY_DESTROYED', {
    publicMessage: `The data key of this tenant was destroyed at ${destroyedAt}: its contents cannot be read any more.`,
    hint: 'Headers, checkpoints and proofs can still be read and verified.',
    details: { tenantId, destroyedAt },
  });
}

/** There ought to be a key. A new one would make what is sealed unreadable without anybody noticing. */
export function keyMissing(tenantId: TenantId): AppError {
  return new AppError('KEY_MISSING', {
    publicMessage: 'The data key of this tenant is missing from the key store.',
    hint: 'Restore the folder of TENANT_KEYS_DIR; every replica must be given the same one. No new key is made, since it would not open what is sealed.',
    details: { tenantId },
  });
}

/** The bytes were changed, belong to another place or were sealed with another key. */
export function sealBroken(cause?: unknown): AppError {
  return new AppError('SEAL_BROKEN', {
    publicMessage:
      'A sealed value cannot be opened: it was changed, moved or sealed with another key.',
    hint: 'Run countersign verify --live; restore the value from a backup.',
    cause,
  });
}

/** Something is wrong with the key-encryption key or with a file that it wraps. */
export function keyEncryptionKey(why: string, hint: string, cause?: unknown): AppError {
  return new AppError('KEY_ENCRYPTION_KEY', { publicMessage: why, hint, cause });
}
