import type { JsonObject } from '@countersign/kernel';
import type {
  DriftRecord,
  GovernanceOutcome,
  PermitRecord,
  PromotionOutcome,
  PromotionRequestRecord,
} from '@countersign/promotion';
import type { PolicyDenied } from '../access/access.types.js';
import { toDecision } from '../access/to-access.js';
import { toActor } from '../ledger/to-entry.js';
import type {
  Drift,
  Governance,
  Permit,
  PromotionRefused,
  PromotionRequest,
} from './promotion.types.js';

export function toRequest(record: PromotionRequestRecord): PromotionRequest {
  return {
    id: record.id,
    target: record.target,
    state: record.state,
    rowVersion: record.rowVersion,
    requestedBy: toActor(record.requestedBy, 'authenticated'),
    createdAt: record.createdAt,
    expiresAt: record.expiresAt,
    pin: { ...record.pin } satisfies JsonObject,
    policyVersion: record.policyVersion,
    votes: record.votes.map((vote) => ({
      id: vote.id,
      decision: vote.decision,
      role: vote.role,
      castBy: toActor(vote.castBy, 'authenticated'),
      castAt: vote.castAt,
      saidIn: vote.saidIn,
      revokedAt: vote.revokedAt,
    })),
    record,
  };
}

export function toPromotionResult(
  outcome: PromotionOutcome,
): PromotionRequest | PolicyDenied | PromotionRefused {
  return outcome.kind === 'request' ? toRequest(outcome.request) : toRefusal(outcome);
}

export function toGovernanceResult(
  outcome: GovernanceOutcome,
): Governance | PolicyDenied | PromotionRefused {
  if (outcome.kind !== 'governed') return toRefusal(outcome);
  const { startedBy, ...governance } = outcome.governance;
  return { ...governance, startedBy: toActor(startedBy, 'authenticated') };
}

function toRefusal(
  outcome: Exclude<PromotionOutcome, { kind: 'request' }>,
): PolicyDenied | PromotionRefused {
  const { code, message, hint } = outcome;
  return outcome.kind === 'denied'
    ? { code, message, hint, decision: toDecision(outcome.decision) }
    : {
        code,
        message,
        hint,
        current: outcome.current === null ? null : toRequest(outcome.current),
      };
}

export function toPermit(record: PermitRecord): Permit {
  return {
    jti: record.jti,
    issuedAt: record.issuedAt,
    expiresAt: record.expiresAt,
    consumedAt: record.consumedAt,
    voidedAt: record.voidedAt,
    token: record.token,
  };
}

export function toDrift(record: DriftRecord): Drift {
  return {
    id: record.id,
    source: record.source,
    model: record.model,
    target: record.target,
    approvedVersions: [...record.approvedVersions],
    observedVersions: [...record.observedVersions],
    severity: record.severity,
    earliest: record.earliest,
    latest: record.latest,
    actor: toActor(record.actor, 'reported'),
    causeSequence: record.causeSequence,
    resolvedBySequence: record.resolvedBySequence,
  };
}
