import { refused, type Refused } from './refusals.js';
import type { Moment, RequestState, Vote } from './request-state.js';

/** The person and role that a rule about voters judges. */
export interface Voter {
  readonly actor: string;
  readonly role: string;
}

type VoterRule = (request: RequestState, voter: Voter, moment: Moment) => Refused | null;

/**
 * Who may carry an approval. The same rules stand at the door of a vote and in every later count, so that a
 * person who loses the role stops counting without anybody having to tell the request.
 */
export const VOTER_RULES = {
  notRequester: (request, voter) =>
    voter.actor === request.requestedBy
      ? refused(
          'SELF_APPROVAL',
          'Nobody approves a promotion that they asked for.',
          'Ask another approver to vote.',
        )
      : null,
  human: (_request, voter) =>
    voter.actor.startsWith('user:')
      ? null
      : refused('NOT_ELIGIBLE', 'Only people can vote.', 'Vote with a person’s access token.'),
  roleHeld: (_request, voter, moment) =>
    voter.role === moment.tier.quorum.role && moment.rolesOf(voter.actor).includes(voter.role)
      ? null
      : refused(
          'NOT_ELIGIBLE',
          `A vote here is cast in the role ${moment.tier.quorum.role}, held on this model.`,
          'Name a role that you hold and that the policy counts.',
        ),
  notRegistrant: (request, voter) =>
    voter.actor === request.registrant
      ? refused(
          'NOT_ELIGIBLE',
          'Who registered a version does not approve it.',
          'Ask another approver to vote.',
        )
      : null,
} as const satisfies Record<string, VoterRule>;

export type VoterRuleName = keyof typeof VOTER_RULES;

/** Everything that can be switched off in a test, to show that the test would notice. */
export type RuleName =
  | VoterRuleName
  | 'authorized'
  | 'rightState'
  | 'notExpired'
  | 'distinctVoters'
  | 'freshRow'
  | 'samePin'
  | 'votedOnPin'
  | 'revokedDoNotCount'
  | 'quorumAtExecution'
  | 'livePermit';

export const ALL_RULES: readonly RuleName[] = [
  'notRequester',
  'human',
  'roleHeld',
  'notRegistrant',
  'authorized',
  'rightState',
  'notExpired',
  'distinctVoters',
  'freshRow',
  'samePin',
  'votedOnPin',
  'revokedDoNotCount',
  'quorumAtExecution',
  'livePermit',
];

/** The first voter rule that speaks against this person, of those in force. */
export function againstVoter(
  request: RequestState,
  voter: Voter,
  moment: Moment,
  inForce: ReadonlySet<RuleName>,
  names: readonly VoterRuleName[] = ['notRequester', 'human', 'roleHeld', 'notRegistrant'],
): Refused | null {
  for (const name of names) {
    const refusal = inForce.has(name) ? VOTER_RULES[name](request, voter, moment) : null;
    if (refusal !== null) return refusal;
  }
  return null;
}

/** People whose approval counts at this moment, in text order, each once. */
export function countedVoters(
  request: RequestState,
  moment: Moment,
  inForce: ReadonlySet<RuleName> = new Set(ALL_RULES),
): string[] {
  const counts = (vote: Vote): boolean =>
    vote.decision === 'APPROVE' &&
    !(inForce.has('revokedDoNotCount') && vote.revoked) &&
    !(inForce.has('votedOnPin') && vote.pinDigest !== request.pinDigest) &&
    againstVoter(request, vote, moment, inForce) === null;
  const actors = request.votes.filter(counts).map((vote) => vote.actor);
  return (inForce.has('distinctVoters') ? [...new Set(actors)] : actors).sort();
}

/** True when enough approvals count. */
export function quorumMet(voters: readonly string[], moment: Moment): boolean {
  return voters.length >= moment.tier.quorum.approvals;
}
