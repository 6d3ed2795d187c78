import { AppError } from '@countersign/kernel';
import { refused, wrongState, type Refused } from './refusals.js';
import type {
  Command,
  Moment,
  PolicyDenial,
  Reduced,
  RequestEvent,
  RequestState,
  Vote,
} from './request-state.js';
import { againstVoter, ALL_RULES, countedVoters, quorumMet, type RuleName } from './rules.js';
import { mayFollow, type PromotionState } from './states.js';

const EVERY_RULE: ReadonlySet<RuleName> = new Set(ALL_RULES);
const DENIED: PolicyDenial = { code: 'POLICY_DENIED' };

/**
 * The whole workflow of an existing request: facts in, decision out. The caller has locked the request's row and
 * read `moment` in the same transaction. A refusal is a value; beside it there may be an event, when the command
 * found that the request has expired, has gone stale or has lost its quorum.
 * `inForce` exists for the tests that show what each rule is for.
 */
export function reduce(
  request: RequestState,
  command: Command,
  moment: Moment,
  inForce: ReadonlySet<RuleName> = EVERY_RULE,
): Reduced {
  const step = new Step(request, moment, inForce);
  switch (command.kind) {
    case 'vote':
      return castVote(step, command);
    case 'revoke':
      return revokeVote(step, command);
    case 'withdraw':
      return withdraw(step, command);
    case 'execute':
      return execute(step, command);
  }
}

/** Expiry alone, for the sweep: the request as it is, or EXPIRED. */
export function expireWhenDue(request: RequestState, now: Date): Reduced {
  const due = request.expiresAt.getTime() <= now.getTime() && mayFollow(request.state, 'EXPIRED');
  return due
    ? moved(request, 'EXPIRED', [{ kind: 'expired' }], null)
    : { next: request, events: [], refusal: null };
}

function castVote(step: Step, command: Extract<Command, { kind: 'vote' }>): Reduced {
  const { request, moment, inForce } = step;
  const voter = { actor: command.actor, role: command.role };
  // First of all, so that a requester who is no approver either still learns the reason that matters.
  const self = againstVoter(request, voter, moment, inForce, ['notRequester']);
  if (self !== null) return step.refuse(self);
  if (step.denied()) return step.refuse(DENIED);
  const barrier =
    againstVoter(request, voter, moment, inForce, ['human']) ?? step.needs(['PENDING'], 'PENDING');
  if (barrier !== null) return step.refuse(barrier);
  if (step.expired()) return step.expire();
  const voted = request.votes.some((vote) => vote.actor === command.actor && !vote.revoked);
  if (inForce.has('distinctVoters') && voted) {
    return step.refuse(
      refused(
        'ALREADY_VOTED',
        'You have a vote on this request already.',
        'Revoke it first to vote otherwise.',
      ),
    );
  }
  const conflict = step.conflict(command.rowVersion);
  if (conflict !== null) return step.refuse(conflict);
  if (step.changed()) return step.stale();
  const against = againstVoter(request, voter, moment, inForce);
  if (against !== null) return step.refuse(against);

  const vote: Vote = {
    id: command.voteId,
    actor: command.actor,
    role: command.role,
    decision: command.decision,
    pinDigest: request.pinDigest,
    revoked: false,
  };
  const withVote: RequestState = { ...request, votes: [...request.votes, vote] };
  const cast: RequestEvent = { kind: 'vote_cast', vote };
  if (command.decision === 'REJECT') {
    return moved(withVote, 'REJECTED', [cast, { kind: 'rejected', voteId: vote.id }], null);
  }
  const voters = countedVoters(withVote, moment, inForce);
  return quorumMet(voters, moment)
    ? moved(withVote, 'APPROVED', [cast, { kind: 'approved', voters }], null)
    : moved(withVote, withVote.state, [cast], null);
}

function revokeVote(step: Step, command: Command): Reduced {
  const { request, moment, inForce } = step;
  const own = request.votes.find((vote) => vote.actor === command.actor && !vote.revoked);
  // Taking an approval back is the safe direction: it needs the vote, not the role that may be lost by now.
  if (own === undefined) {
    return step.refuse(
      step.denied()
        ? DENIED
        : refused(
            'NOT_ELIGIBLE',
            'You have no vote on this request to revoke.',
            'Only who voted can revoke that vote.',
          ),
    );
  }
  const barrier = step.needs(
    ['PENDING', 'APPROVED', 'FAILED'],
    'a request that is not being executed',
  );
  if (barrier !== null) return step.refuse(barrier);
  if (step.expired()) return step.expire();
  const conflict = step.conflict(command.rowVersion);
  if (conflict !== null) return step.refuse(conflict);

  const votes = request.votes.map((vote) =>
    vote.id === own.id ? { ...vote, revoked: true } : vote,
  );
  const without: RequestState = { ...request, votes };
  const revoked: RequestEvent = { kind: 'vote_revoked', voteId: own.id };
  const lost =
    request.state !== 'PENDING' && !quorumMet(countedVoters(without, moment, inForce), moment);
  return lost
    ? moved(without, 'PENDING', [revoked, { kind: 'reopened', cause: 'vote revoked' }], null)
    : moved(without, request.state, [revoked], null);
}

function withdraw(step: Step, command: Command): Reduced {
  const { request } = step;
  if (step.denied()) return step.refuse(DENIED);
  if (command.actor !== request.requestedBy) {
    return step.refuse(
      refused(
        'NOT_ELIGIBLE',
        'Only who asked for a promotion withdraws it.',
        'An approver can vote REJECT instead.',
      ),
    );
  }
  const barrier = step.needs(['PENDING', 'APPROVED', 'FAILED'], 'PENDING or APPROVED');
  if (barrier !== null) return step.refuse(barrier);
  if (step.expired()) return step.expire();
  const conflict = step.conflict(command.rowVersion);
  if (conflict !== null) return step.refuse(conflict);
  return moved(request, 'WITHDRAWN', [{ kind: 'withdrawn' }], null);
}

function execute(step: Step, command: Command): Reduced {
  const { request, moment, inForce } = step;
  if (step.denied()) return step.refuse(DENIED);
  const barrier = step.needs(['APPROVED', 'FAILED'], 'APPROVED');
  if (barrier !== null) return step.refuse(barrier);
  if (step.expired()) return step.expire();
  const conflict = step.conflict(command.rowVersion);
  if (conflict !== null) return step.refuse(conflict);
  if (step.changed()) return step.stale();
  const voters = countedVoters(request, moment, inForce);
  if (inForce.has('quorumAtExecution') && !quorumMet(voters, moment)) {
    const refusal = refused(
      'WRONG_STATE',
      `Only ${voters.length} of ${moment.tier.quorum.approvals} approvals still count.`,
      'Another approver has to vote.',
    );
    return moved(request, 'PENDING', [{ kind: 'reopened', cause: 'quorum lost' }], refusal);
  }
  return moved(
    request,
    'EXECUTING',
    [{ kind: 'executing', voters, permit: usablePermit(step) }],
    null,
  );
}

/** The permit that goes with an execution now: the last one while it lives, so that a retry repeats its id. */
function usablePermit({ request, moment, inForce }: Step): string | null {
  const { permit } = request;
  if (permit === null) return null;
  const dead = permit.voided || permit.expiresAt.getTime() <= moment.now.getTime();
  return inForce.has('livePermit') && dead ? null : permit.jti;
}

/** One command's view of the request: the checks that several commands share. */
class Step {
  constructor(
    readonly request: RequestState,
    readonly moment: Moment,
    readonly inForce: ReadonlySet<RuleName>,
  ) {}

  denied(): boolean {
    return this.inForce.has('authorized') && !this.moment.authorized;
  }

  needs(states: readonly PromotionState[], words: string): Refused | null {
    return this.inForce.has('rightState') && !states.includes(this.request.state)
      ? wrongState(this.request.state, words)
      : null;
  }

  expired(): boolean {
    const { request, moment } = this;
    return this.inForce.has('notExpired') && request.expiresAt.getTime() <= moment.now.getTime();
  }

  conflict(rowVersion: number): Refused | null {
    const { request } = this;
    return this.inForce.has('freshRow') && rowVersion !== request.rowVersion
      ? refused(
          'CONFLICT',
          `The request changed: it is at row version ${request.rowVersion}, not ${rowVersion}.`,
          'Read the request again and decide on what it says now.',
        )
      : null;
  }

  changed(): boolean {
    const { request, moment } = this;
    return this.inForce.has('samePin') && moment.present?.digest !== request.pinDigest;
  }

  refuse(refusal: Refused | PolicyDenial): Reduced {
    return { next: this.request, events: [], refusal };
  }

  expire(): Reduced {
    return moved(
      this.request,
      'EXPIRED',
      [{ kind: 'expired' }],
      wrongState('EXPIRED', 'an open request'),
    );
  }

  stale(): Reduced {
    const differences = this.moment.present?.differences ?? ['modelVersionId'];
    return moved(
      this.request,
      'STALE',
      [{ kind: 'stale', differences }],
      refused(
        'STALE',
        `What was to be approved has changed: ${differences.join(', ')}.`,
        'Ask for the promotion again; the new request pins the present facts.',
      ),
    );
  }
}

function moved(
  request: RequestState,
  state: PromotionState,
  events: readonly RequestEvent[],
  refusal: Refused | null,
): Reduced {
  if (state !== request.state && !mayFollow(request.state, state)) {
    throw new AppError('ILLEGAL_TRANSITION', {
      publicMessage: `A promotion request cannot go from ${request.state} to ${state}.`,
    });
  }
  return { next: { ...request, state, rowVersion: request.rowVersion + 1 }, events, refusal };
}
