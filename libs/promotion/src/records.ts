import type { Decision } from '@countersign/policy';
import type { Pin } from './domain/pin.js';
import type { Refused } from './domain/refusals.js';
import type { PromotionState } from './domain/states.js';

export type VoteDecision = 'APPROVE' | 'REJECT';

/** One person's vote on one request, as kept. */
export interface VoteRecord {
  readonly id: string;
  readonly decision: VoteDecision;
  /** The role in which it was cast. */
  readonly role: string;
  /** `user:<uuid>`. */
  readonly castBy: string;
  readonly castAt: Date;
  /** Delivery of the entry that cast it, where its comment stands. */
  readonly saidIn: string;
  readonly revokedAt: Date | null;
  /** Digest of the pin that the voter saw. */
  readonly pinDigest: string;
}

/** A promotion request with its votes, oldest first. */
export interface PromotionRequestRecord {
  readonly id: string;
  readonly source: string;
  readonly model: string;
  readonly version: string;
  readonly modelVersionId: string;
  readonly target: string;
  /** What access decisions about it are made on. */
  readonly object: string;
  readonly state: PromotionState;
  /** Goes up by one with each change; a command must name the one it has seen. */
  readonly rowVersion: number;
  readonly requestedBy: string;
  /** Who registered the version, when the registry said so. */
  readonly registrant: string | null;
  /** Delivery of the entry that opened it, where its reason stands. */
  readonly saidIn: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly pin: Pin;
  readonly pinDigest: string;
  /** Name of the promotion policy, and its version as pinned. */
  readonly policy: string;
  readonly policyVersion: string;
  readonly votes: readonly VoteRecord[];
}

/** One line of what is still missing. */
export interface Requirement {
  readonly name: string;
  readonly met: boolean;
  readonly detail: string;
}

/** Whether somebody could vote now, in which roles, or why not. */
export interface Eligibility {
  readonly canVote: boolean;
  readonly roles: readonly string[];
  readonly reasons: readonly string[];
}

export interface GateResult {
  readonly gate: string;
  readonly outcome: 'PASS' | 'FAIL' | 'UNKNOWN';
  readonly detail: string;
  readonly inputsDigest: string;
}

/** What a command answers. Every member but `request` has its entry in the ledger as well. */
export type PromotionOutcome =
  | { readonly kind: 'request'; readonly request: PromotionRequestRecord }
  | {
      readonly kind: 'denied';
      readonly code: 'POLICY_DENIED';
      readonly message: string;
      readonly hint: string | null;
      readonly decision: Decision;
    }
  | ({
      readonly kind: 'refused';
      readonly current: PromotionRequestRecord | null;
    } & Refused);

export interface RequestPromotionInput {
  readonly model: string;
  readonly version: string;
  /** `stage:<Stage>` or `alias:<name>`. */
  readonly target: string;
  readonly reason?: string | null | undefined;
  /** Needed only when the model's name exists in several sources. */
  readonly source?: string | null | undefined;
  /** The same key with the same input answers the same request; with another input: CONFLICT. */
  readonly idempotencyKey?: string | null | undefined;
}

export interface CastVoteInput {
  readonly requestId: string;
  readonly decision: VoteDecision;
  readonly role: string;
  readonly comment?: string | null | undefined;
  readonly rowVersion: number;
}

export interface PromotionCommandInput {
  readonly requestId: string;
  readonly rowVersion: number;
  readonly reason?: string | null | undefined;
}

export interface GovernModelInput {
  readonly model: string;
  readonly source?: string | null | undefined;
  /** Name of a promotion policy; `default` when left out. */
  readonly policy?: string | null | undefined;
  readonly reason?: string | null | undefined;
}

/** A model under a policy since a point of the ledger. */
export interface GovernanceRecord {
  readonly source: string;
  readonly model: string;
  readonly policy: string;
  readonly policyVersion: string;
  /** What happened before this sequence is history, not drift. */
  readonly sinceSequence: bigint;
  readonly startedAt: Date;
  readonly startedBy: string;
}

export type GovernanceOutcome =
  | { readonly kind: 'governed'; readonly governance: GovernanceRecord }
  | Exclude<PromotionOutcome, { kind: 'request' }>;

/** A governed target that is not where its last approval put it. */
export interface DriftRecord {
  readonly id: string;
  readonly source: string;
  readonly model: string;
  readonly target: string;
  readonly kind: 'unapproved' | 'missing';
  /** What the last approval (or what stood when governance began) put there. */
  readonly approvedVersions: readonly string[];
  /** The first of them, null when the target was to be free: all there is for an alias. */
  readonly approvedVersion: string | null;
  readonly observedVersions: readonly string[];
  readonly severity: string;
  /** When it happened, as far as known. */
  readonly earliest: Date | null;
  readonly latest: Date;
  /** `unknown` when the source does not say. */
  readonly actor: string;
  /** The entry in which it was seen. */
  readonly causeSequence: bigint;
  readonly resolvedBySequence: bigint | null;
}

/** A permit as its holder reads it; `token` is null once it was used, voided or has expired. */
export interface PermitRecord {
  readonly jti: string;
  readonly requestId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly consumedAt: Date | null;
  readonly voidedAt: Date | null;
  readonly tokenSha256: string;
  readonly token: string | null;
}
