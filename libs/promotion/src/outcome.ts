import type { Decision } from '@countersign/policy';
import type { Refused } from './domain/refusals.js';
import type { PolicyDenial } from './domain/request-state.js';
import type { PromotionOutcome } from './records.js';

type NotDone = Exclude<PromotionOutcome, { kind: 'request' }>;

/** A refusal as the caller gets it; `current` is filled in by who knows it. */
export function outcomeOf(refusal: Refused | PolicyDenial, decision: Decision): NotDone {
  if (refusal.code === 'POLICY_DENIED') {
    return {
      kind: 'denied',
      code: 'POLICY_DENIED',
      message: 'The access policy does not allow this.',
      hint: decision.remedy[0] ?? null,
      decision,
    };
  }
  return { kind: 'refused', ...refusal, current: null };
}
