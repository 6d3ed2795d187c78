/**
 * An independent judge of the workflow. It knows the promise ("nothing moves without two eligible, distinct,
 * unconflicted people on the very pin that is executed") and the log, and shares no code with the reducer.
 */

/** What the log of one request holds, in order: what the world did and what the workflow let through. */
export type LogLine =
  | { is: 'opened'; by: string; registrant: string | null; pin: string; expiresAt: number }
  | { is: 'roleGiven'; who: string }
  | { is: 'roleTaken'; who: string }
  | { is: 'pinBecame'; pin: string }
  | { is: 'timeIs'; at: number }
  | {
      is: 'did';
      what: string;
      who: string;
      allowed: boolean;
      sawRow: number;
      row: number;
      role?: string;
      vote?: string;
      permit?: string | null;
    }
  | { is: 'permitIssued'; permit: string; expiresAt: number };

interface LiveVote {
  id: string;
  who: string;
  role: string;
  pin: string;
}

const QUORUM = 2;
const DECISIONS = ['vote_cast', 'vote_revoked', 'withdrawn', 'executing'];

/** The first broken promise, in words, or null. */
export function firstViolation(log: readonly LogLine[]): string | null {
  const holders = new Set<string>();
  let opened: Extract<LogLine, { is: 'opened' }> | null = null;
  let present = '';
  let now = 0;
  let row = 0;
  let state = 'PENDING';
  let votes: LiveVote[] = [];
  const permits = new Map<string, number>();

  const counting = (): Set<string> =>
    new Set(
      votes
        .filter(
          (vote) =>
            vote.who.startsWith('user:') &&
            vote.who !== opened?.by &&
            vote.who !== opened?.registrant &&
            vote.role === 'approver' &&
            holders.has(vote.who) &&
            vote.pin === opened?.pin,
        )
        .map((vote) => vote.who),
    );

  for (const line of log) {
    if (line.is === 'opened') {
      opened = line;
      present = line.pin;
    } else if (line.is === 'roleGiven') holders.add(line.who);
    else if (line.is === 'roleTaken') holders.delete(line.who);
    else if (line.is === 'pinBecame') present = line.pin;
    else if (line.is === 'timeIs') now = line.at;
    else if (line.is === 'permitIssued') permits.set(line.permit, line.expiresAt);
    else {
      if (opened === null) return 'something happened before the request was opened';
      const decides = DECISIONS.includes(line.what);
      if (decides && line.sawRow !== row) return `${line.what} decided on an old row`;
      if (decides && now >= opened.expiresAt) return `${line.what} after the request expired`;
      if (decides && !line.allowed && line.what !== 'vote_revoked') {
        return `${line.what} against the access policy`;
      }
      if (['REJECTED', 'WITHDRAWN', 'EXPIRED', 'STALE', 'EXECUTING'].includes(state)) {
        return `${line.what} after the request was ${state}`;
      }
      switch (line.what) {
        case 'vote_cast':
          if (state !== 'PENDING') return 'a vote on a request that is not pending';
          if (present !== opened.pin) return 'a vote on something that has changed';
          if (!line.who.startsWith('user:')) return 'a vote by a machine';
          if (line.who === opened.by) return 'a vote by the requester';
          if (line.who === opened.registrant) return 'a vote by the registrant';
          if (line.role !== 'approver' || !holders.has(line.who)) return 'a vote without the role';
          if (votes.some((vote) => vote.who === line.who)) return 'a second vote';
          votes.push({ id: line.vote ?? '', who: line.who, role: line.role, pin: present });
          break;
        case 'vote_revoked':
          votes = votes.filter((vote) => vote.id !== line.vote);
          break;
        case 'approved':
          if (counting().size < QUORUM) return 'approved without a quorum';
          state = 'APPROVED';
          break;
        case 'reopened':
          state = 'PENDING';
          break;
        case 'executing': {
          if (state !== 'APPROVED') return 'executed without approval';
          if (present !== opened.pin) return 'executed something that has changed';
          if (counting().size < QUORUM) return 'executed without a quorum';
          const until = typeof line.permit === 'string' ? permits.get(line.permit) : undefined;
          if (typeof line.permit === 'string' && (until === undefined || until <= now)) {
            return 'executed under a dead permit';
          }
          state = 'EXECUTING';
          break;
        }
        case 'rejected':
          state = 'REJECTED';
          break;
        default:
          state = line.what.toUpperCase();
      }
      row = line.row;
    }
  }
  return null;
}
