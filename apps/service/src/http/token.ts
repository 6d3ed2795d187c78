import type { Principal } from '@countersign/identity';
import { AppError } from '@countersign/kernel';
import type { FastifyRequest } from 'fastify';

/** What a caller of a door wants to do. */
export type DoorAction = 'lineage.write' | 'events.write' | 'ledger.read';

/** How a door learns who calls and what they may. */
export interface DoorAccess {
  /** Throws UNAUTHENTICATED. */
  readonly authenticate: (token: string) => Promise<Principal>;
  readonly authorize: (
    principal: Principal,
    action: DoorAction,
  ) => Promise<{ readonly allowed: boolean; readonly remedy: readonly string[] }>;
}

/** The caller of a door. Throws UNAUTHENTICATED or FORBIDDEN. */
export async function callerOf(
  request: FastifyRequest,
  access: DoorAccess,
  action: DoorAction,
): Promise<Principal> {
  const principal = await access.authenticate(bearerToken(request.headers.authorization));
  const { allowed, remedy } = await access.authorize(principal, action);
  if (allowed) return principal;
  throw new AppError('FORBIDDEN', {
    publicMessage: `You may not do ${action}.`,
    hint: remedy.length > 0 ? remedy.join(' ') : 'Ask an administrator of your tenant for a role.',
  });
}

/** The token of an Authorization header (RFC 6750 §2.1). Throws UNAUTHENTICATED. */
export function bearerToken(header: string | undefined): string {
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header ?? '')?.[1];
  if (token !== undefined) return token;
  throw new AppError('UNAUTHENTICATED', {
    publicMessage:
      header === undefined ? 'No access token was sent.' : 'The Authorization header is malformed.',
    hint: 'Send "Authorization: Bearer <access token>".',
  });
}
