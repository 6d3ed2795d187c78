import type { DraftJson } from '@countersign/events';

/** May this subject do this to that? Objects are spelled as in `subjects` of libs/events. */
export interface AccessRequest {
  /** `user:<uuid>` or `svc:<uuid>`. */
  readonly subject: string;
  readonly action: string;
  readonly object: string;
}

/** The answer, and why. */
export interface Decision {
  readonly allowed: boolean;
  /** Ids of the rules that decided; empty when nothing matched. */
  readonly rules: readonly string[];
  /** From the subject over its roles to the one that the rule names. */
  readonly rolePath: readonly string[];
  /** Version and digest of the policy files. */
  readonly policyVersion: string;
  /** Counts the changes of this tenant's grants and rules. */
  readonly epoch: bigint;
  /** What would change the answer; empty when allowed. */
  readonly remedy: readonly string[];
}

/** The part of a decision that an entry keeps. */
export function decisionRecord(decision: Decision): { readonly [key: string]: DraftJson } {
  return {
    allowed: decision.allowed,
    rules: decision.rules,
    rolePath: decision.rolePath,
    policyVersion: decision.policyVersion,
    epoch: String(decision.epoch),
  };
}
