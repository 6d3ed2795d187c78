import type { Moment, RequestState } from './request-state.js';
import { ALL_RULES, countedVoters, quorumMet, VOTER_RULES, type VoterRuleName } from './rules.js';
import { isOpen } from './states.js';

/** One line of what is still missing, or is there. */
export interface RequirementLine {
  readonly name: string;
  readonly met: boolean;
  readonly detail: string;
}

/** What the policy asks of a request and how far it is. */
export function requirementsOf(request: RequestState, moment: Moment): RequirementLine[] {
  const { role, approvals } = moment.tier.quorum;
  // Of a closed request the question is what was reached, not who would still count today.
  const voters = isOpen(request.state)
    ? countedVoters(request, moment)
    : distinctApprovals(request);
  const lines = [
    {
      name: `quorum ${role}`,
      met: quorumMet(voters, moment),
      detail: `${voters.length} of ${approvals} ${role}s`,
    },
  ];
  if (!isOpen(request.state)) return lines;
  const differences = moment.present?.differences ?? ['modelVersionId'];
  return [
    ...lines,
    {
      name: 'pin unchanged',
      met: differences.length === 0,
      detail:
        differences.length === 0
          ? 'as when it was asked for'
          : `changed: ${differences.join(', ')}`,
    },
    {
      name: 'not expired',
      met: request.expiresAt.getTime() > moment.now.getTime(),
      detail: `until ${request.expiresAt.toISOString()}`,
    },
  ];
}

/** In which roles somebody could vote now, or every reason why not. */
export function eligibilityOf(
  request: RequestState,
  actor: string,
  moment: Moment,
): { canVote: boolean; roles: string[]; reasons: string[] } {
  const { role } = moment.tier.quorum;
  const reasons: string[] = [];
  if (!moment.authorized) reasons.push('The access policy does not let you approve here.');
  if (request.state !== 'PENDING') reasons.push(`The request is ${request.state}.`);
  else if (request.expiresAt.getTime() <= moment.now.getTime()) {
    reasons.push('The request has expired.');
  }
  if (request.votes.some((vote) => vote.actor === actor && !vote.revoked)) {
    reasons.push('You have voted already.');
  }
  for (const name of ALL_RULES) {
    if (!isVoterRule(name)) continue;
    const against = VOTER_RULES[name](request, { actor, role }, moment);
    if (against !== null) reasons.push(against.message);
  }
  return { canVote: reasons.length === 0, roles: reasons.length === 0 ? [role] : [], reasons };
}

function isVoterRule(name: string): name is VoterRuleName {
  return Object.hasOwn(VOTER_RULES, name);
}

function distinctApprovals(request: RequestState): string[] {
  const approving = request.votes.filter((vote) => vote.decision === 'APPROVE' && !vote.revoked);
  return [...new Set(approving.map((vote) => vote.actor))];
}
