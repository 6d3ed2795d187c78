import { AppError } from './app-error.js';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A tenant's UUID, lower case. Part of every key; comes from an identity or a source, never from a header. */
export type TenantId = Branded<'TenantId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a lower-case UUID of any version. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Brands a tenant id. Throws INVALID_TENANT_ID when it is not a lower-case UUID. */
export function asTenantId(text: string): TenantId {
  if (!isUuid(text)) {
    throw new AppError('INVALID_TENANT_ID', {
      publicMessage: 'A tenant id must be a lower-case UUID.',
    });
  }
  return text as TenantId;
}
