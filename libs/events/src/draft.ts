import type { Json, TenantId } from '@countersign/kernel';
import type { EventType } from './catalogue.js';

/** How a fact is known; design promise 6. Upper case in GraphQL, lower case in the hashed payload. */
export const BASES = ['signed', 'authenticated', 'reported', 'inferred', 'backfilled'] as const;
export type Basis = (typeof BASES)[number];

/**
 * Marks a value that must not stand in the hashed payload: a name, an e-mail address, free text. The ledger
 * writes a salted commitment in its place and keeps the value beside, where it can be erased.
 */
export class Personal {
  constructor(
    readonly value: Json,
    /** Whom it is about, as a pseudonymous id (`user:<uuid>`), or null when nobody can say. */
    readonly dataSubject: string | null = null,
  ) {}
}

/** Shorthand: `personal('Ana', 'user:…')`. */
export function personal(value: Json, dataSubject: string | null = null): Personal {
  return new Personal(value, dataSubject);
}

/** JSON in which any value may be marked personal. */
export type DraftJson =
  | null
  | boolean
  | number
  | string
  | Personal
  | readonly DraftJson[]
  | { readonly [key: string]: DraftJson | undefined };

export type ActorKind = 'user' | 'service' | 'system' | 'unknown';

/** Who acted, as far as known. `id` is pseudonymous: `user:<uuid>`, `svc:<uuid>`, `system:<part>` or `unknown`. */
export interface ActorRef {
  readonly id: string;
  readonly kind: ActorKind;
  readonly basis: Basis;
}

export const UNKNOWN_ACTOR: ActorRef = { id: 'unknown', kind: 'unknown', basis: 'reported' };
export const SYSTEM_ACTOR: ActorRef = {
  id: 'system:countersign',
  kind: 'system',
  basis: 'authenticated',
};

/** Bytes as received, kept beside the entry under a salted digest. */
export interface EvidenceDraft {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** What a room hands to the ledger. The ledger adds sequence, previous hash, id, salt, nonce and recordedAt. */
export interface EntryDraft {
  readonly type: EventType;
  /** `<kind>/<name>` of the source, e.g. `mlflow/demo`; `countersign` for our own commands. */
  readonly source: string;
  /** What it is about: see subjects.ts. At most 1,024 characters. */
  readonly subject: string;
  readonly actor: ActorRef;
  readonly basis: Basis;
  readonly occurredAt: Date;
  /** Idempotency key, unique per (tenant, source). At most 512 characters. */
  readonly delivery: string;
  readonly data: { readonly [key: string]: DraftJson | undefined };
  readonly before?: { readonly [key: string]: DraftJson | undefined };
  readonly after?: { readonly [key: string]: DraftJson | undefined };
  readonly evidence?: EvidenceDraft;
}

export interface TenantDrafts {
  readonly tenantId: TenantId;
  readonly drafts: readonly EntryDraft[];
}
