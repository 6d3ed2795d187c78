import type { PromotionTier } from './policy.js';
import type { Refused } from './refusals.js';
import type { PromotionState } from './states.js';

export interface Vote {
  readonly id: string;
  readonly actor: string;
  readonly role: string;
  readonly decision: 'APPROVE' | 'REJECT';
  /** Digest of the pin that stood in the request when the vote was cast. */
  readonly pinDigest: string;
  readonly revoked: boolean;
}

/** The newest permit of a request. */
export interface PermitState {
  readonly jti: string;
  readonly expiresAt: Date;
  readonly voided: boolean;
}

/** A request as its locked rows show it. */
export interface RequestState {
  readonly id: string;
  readonly state: PromotionState;
  readonly rowVersion: number;
  readonly requestedBy: string;
  /** Who registered the version; null when the registry did not say. */
  readonly registrant: string | null;
  readonly pinDigest: string;
  readonly expiresAt: Date;
  readonly votes: readonly Vote[];
  readonly permit: PermitState | null;
}

/** What else is true at the moment of a command, read in the same transaction. */
export interface Moment {
  readonly now: Date;
  readonly tier: PromotionTier;
  /** The pin as it would be made now; null when the version no longer exists. */
  readonly present: { readonly digest: string; readonly differences: readonly string[] } | null;
  /** Roles that a person holds on this model now. */
  readonly rolesOf: (actor: string) => readonly string[];
  /** The access policy's answer for the command. */
  readonly authorized: boolean;
}

export type Command =
  | {
      readonly kind: 'vote';
      readonly actor: string;
      readonly rowVersion: number;
      readonly voteId: string;
      readonly decision: 'APPROVE' | 'REJECT';
      readonly role: string;
    }
  | {
      readonly kind: 'revoke' | 'withdraw' | 'execute';
      readonly actor: string;
      readonly rowVersion: number;
    };

/** What a command did, in order. Each becomes one ledger entry. */
export type RequestEvent =
  | { readonly kind: 'vote_cast'; readonly vote: Vote }
  | { readonly kind: 'vote_revoked'; readonly voteId: string }
  | { readonly kind: 'approved'; readonly voters: readonly string[] }
  | { readonly kind: 'reopened'; readonly cause: string }
  | { readonly kind: 'rejected'; readonly voteId: string }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'stale'; readonly differences: readonly string[] }
  /** `permit` null: the last one has lapsed, a fresh one goes with this execution. */
  | {
      readonly kind: 'executing';
      readonly voters: readonly string[];
      readonly permit: string | null;
    };

/** The access policy said no: not one of the workflow's own codes. */
export interface PolicyDenial {
  readonly code: 'POLICY_DENIED';
}

export interface Reduced {
  readonly next: RequestState;
  /** Empty when nothing changed. May be non-empty beside a refusal: a late command finds the request expired. */
  readonly events: readonly RequestEvent[];
  readonly refusal: Refused | PolicyDenial | null;
}
