import type { Decision } from './decision.js';

/** A role that a subject holds on an object, from validFrom until validUntil. */
export interface RoleGrant {
  readonly id: string;
  readonly subject: string;
  /** Without the prefix: `approver`. */
  readonly role: string;
  /** `*`, `x/*` or `x`. */
  readonly object: string;
  readonly validFrom: Date;
  readonly validUntil: Date | null;
  /** Actor id. */
  readonly grantedBy: string;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
}

export interface GrantRoleInput {
  /** `user:<uuid>` or `svc:<uuid>` of a principal of this tenant. */
  readonly subject: string;
  /** `approver` or `role:approver`. */
  readonly role: string;
  /** Default `*`. */
  readonly object?: string | null | undefined;
  /** Default now. */
  readonly validFrom?: Date | null | undefined;
  readonly validUntil?: Date | null | undefined;
  readonly reason: string;
}

export type GrantRefusalCode =
  | 'UNKNOWN_ROLE'
  | 'UNKNOWN_SUBJECT'
  | 'BAD_OBJECT'
  | 'BAD_PERIOD'
  | 'REASON_MISSING'
  | 'SELF_GRANT'
  | 'TOXIC_PAIR'
  | 'ALREADY_GRANTED'
  | 'UNKNOWN_GRANT'
  | 'ALREADY_REVOKED';

/** What became of a grant or revoke command. A refusal changed nothing; a denial is in the ledger. */
export type GrantOutcome =
  | { readonly kind: 'done'; readonly grant: RoleGrant; readonly decision: Decision }
  | { readonly kind: 'denied'; readonly decision: Decision }
  | {
      readonly kind: 'refused';
      readonly code: GrantRefusalCode;
      readonly message: string;
      readonly hint: string;
    };
