import type { PromotionTier } from './policy.js';
import { refused, type Refused } from './refusals.js';
import type { PolicyDenial } from './request-state.js';

/** What is known when somebody asks for a promotion. */
export interface OpeningFacts {
  readonly authorized: boolean;
  readonly requestedBy: string;
  readonly versionKnown: boolean;
  readonly tier: PromotionTier | null;
  readonly target: string;
  readonly registrant: string | null;
  /** Everybody who holds the tier's role on the model now. */
  readonly roleHolders: readonly string[];
  /** Another request for the same version and target is open. */
  readonly alreadyOpen: boolean;
}

/** Why the request cannot be opened, or null. Denial comes first: it must not tell what exists. */
export function refuseOpening(facts: OpeningFacts): Refused | PolicyDenial | null {
  if (!facts.authorized) return { code: 'POLICY_DENIED' };
  if (!facts.versionKnown) {
    return refused(
      'UNKNOWN_MODEL_VERSION',
      'There is no such model version.',
      'Check name and version; name the source when several hold a model of this name.',
    );
  }
  if (facts.tier === null) {
    return refused(
      'GATE_FAILED',
      `The promotion policy says nothing about ${facts.target}.`,
      'Use a target that the policy covers, such as stage:Production or alias:champion.',
    );
  }
  if (facts.alreadyOpen) {
    return refused(
      'ALREADY_OPEN',
      'A request for this version and target is open already.',
      'Vote on that one, or withdraw it first.',
    );
  }
  const eligible = eligibleApprovers(facts);
  if (eligible.length < facts.tier.quorum.approvals) {
    return refused(
      'QUORUM_UNSATISFIABLE',
      `${facts.tier.quorum.approvals} approvals are needed and ${eligible.length} people could give one.`,
      `Grant the role ${facts.tier.quorum.role} on this model to more people.`,
    );
  }
  return null;
}

/** People who could approve: holders of the role without the requester and the registrant, each once. */
export function eligibleApprovers(
  facts: Pick<OpeningFacts, 'roleHolders' | 'requestedBy' | 'registrant'>,
): string[] {
  return [...new Set(facts.roleHolders)]
    .filter((id) => id.startsWith('user:') && id !== facts.requestedBy && id !== facts.registrant)
    .sort();
}
