import type { ActorRef } from '@countersign/events';
import type { TenantId } from '@countersign/kernel';

/** A user acts through a browser or a terminal; a service is a machine with credentials of its own. */
export type PrincipalKind = 'user' | 'service';

/** Who is logged in. Everything in it was verified; nothing comes from a header or an argument. */
export interface Principal {
  readonly tenantId: TenantId;
  readonly tenantSlug: string;
  /** `user:<uuid>` or `svc:<uuid>`: the subject of decisions and the actor of entries. */
  readonly id: string;
  readonly kind: PrincipalKind;
  readonly displayName: string;
  /** The name of the issuer (OidcIssuer.name). */
  readonly issuer: string;
  readonly subject: string;
  readonly tokenExpiresAt: Date;
}

/** The principal as the actor of an entry. */
export function actorOf(principal: Pick<Principal, 'id' | 'kind'>): ActorRef {
  return { id: principal.id, kind: principal.kind, basis: 'authenticated' };
}

/** `user:<uuid>` or `svc:<uuid>`. */
export function principalId(kind: PrincipalKind, uuid: string): string {
  return `${kind === 'user' ? 'user' : 'svc'}:${uuid}`;
}
