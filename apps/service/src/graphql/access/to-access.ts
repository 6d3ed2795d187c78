import type {
  Decision as DecisionRecord,
  GrantOutcome,
  RoleGrant as Grant,
} from '@countersign/policy';
import { toActor } from '../ledger/to-entry.js';
import type { Decision, GrantRefused, PolicyDenied, RoleGrant } from './access.types.js';

export function toDecision(decision: DecisionRecord): Decision {
  return {
    allowed: decision.allowed,
    rules: [...decision.rules],
    rolePath: [...decision.rolePath],
    policyVersion: decision.policyVersion,
    epoch: decision.epoch,
    remedy: [...decision.remedy],
  };
}

export function toGrant(grant: Grant): RoleGrant {
  return {
    id: grant.id,
    subject: grant.subject,
    role: grant.role,
    object: grant.object,
    validFrom: grant.validFrom,
    validUntil: grant.validUntil,
    revokedAt: grant.revokedAt,
    grantedBy: toActor(grant.grantedBy, 'authenticated'),
  };
}

/** A denial as data. */
export function toDenied(decision: DecisionRecord): PolicyDenied {
  return {
    code: 'POLICY_DENIED',
    message: 'The access policy does not allow this.',
    hint: decision.remedy.join(' ') || null,
    decision: toDecision(decision),
  };
}

export function toGrantResult(outcome: GrantOutcome): RoleGrant | PolicyDenied | GrantRefused {
  switch (outcome.kind) {
    case 'done':
      return toGrant(outcome.grant);
    case 'denied':
      return toDenied(outcome.decision);
    case 'refused':
      return { code: outcome.code, message: outcome.message, hint: outcome.hint };
  }
}
