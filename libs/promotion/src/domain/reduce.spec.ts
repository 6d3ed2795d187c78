import fc from 'fast-check';
import { reduce } from './reduce.js';
import type { Command, Moment, RequestState } from './request-state.js';
import { ALL_RULES, countedVoters, type RuleName } from './rules.js';
import { firstViolation, type LogLine } from './testing/checker.js';

const ACTORS = ['user:req', 'user:reg', 'user:a', 'user:b', 'user:c', 'svc:robot'];
const TIER = {
  name: 'production',
  targets: ['alias:*'],
  quorum: { role: 'approver', approvals: 2 },
  requestTtlSeconds: 1000,
  permitTtlSeconds: 100,
  driftSeverity: 'high',
  enforced: true,
} as const;

type Step =
  | { do: 'role'; who: number; given: boolean }
  | { do: 'pin'; changed: boolean }
  | { do: 'time'; by: number }
  | { do: 'vote'; who: number; role: string; reject: boolean; old: boolean; denied: boolean }
  | { do: 'revoke' | 'withdraw' | 'execute'; who: number; old: boolean; denied: boolean };

const who = fc.nat(ACTORS.length - 1);
const seldom = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
const command = { who, old: seldom, denied: seldom };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('role'), who, given: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pin'), changed: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('time'), by: fc.integer({ min: 1, max: 300 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('vote'),
      ...command,
      role: seldom.map((wrong) => (wrong ? 'model-owner' : 'approver')),
      reject: seldom,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('revoke'), ...command }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw'), ...command }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('execute'), ...command }) },
);

/** Walks the reducer with these rules in force and returns what an auditor would read. */
function walk(steps: readonly Step[], rules: readonly RuleName[]): LogLine[] {
  const inForce = new Set(rules);
  // Most people hold the role from the start: a walk that never gets to an approval tests nothing.
  const holders = new Set(ACTORS);
  const log: LogLine[] = [
    { is: 'opened', by: 'user:req', registrant: 'user:reg', pin: 'pin-1', expiresAt: 1000 },
    ...ACTORS.map((actor) => ({ is: 'roleGiven', who: actor }) as const),
  ];
  let now = 0;
  let pin = 'pin-1';
  let request: RequestState = {
    id: 'request',
    state: 'PENDING',
    rowVersion: 0,
    requestedBy: 'user:req',
    registrant: 'user:reg',
    pinDigest: 'pin-1',
    expiresAt: new Date(1000),
    votes: [],
    permit: null,
  };
  let votes = 0;
  for (const one of steps) {
    if (one.do === 'role') {
      const actor = ACTORS[one.who] ?? '';
      if (one.given) holders.add(actor);
      else holders.delete(actor);
      log.push({ is: one.given ? 'roleGiven' : 'roleTaken', who: actor });
      continue;
    }
    if (one.do === 'pin') {
      pin = one.changed ? 'pin-2' : 'pin-1';
      log.push({ is: 'pinBecame', pin });
      continue;
    }
    if (one.do === 'time') {
      now += one.by;
      log.push({ is: 'timeIs', at: now });
      continue;
    }
    const actor = ACTORS[one.who] ?? '';
    const moment: Moment = {
      now: new Date(now),
      tier: TIER,
      present: { digest: pin, differences: pin === 'pin-1' ? [] : ['runId'] },
      rolesOf: (id) => (holders.has(id) ? ['approver'] : []),
      authorized: !one.denied,
    };
    const sawRow = one.old ? request.rowVersion - 1 : request.rowVersion;
    const sent: Command =
      one.do === 'vote'
        ? {
            kind: 'vote',
            actor,
            rowVersion: sawRow,
            voteId: `vote-${++votes}`,
            decision: one.reject ? 'REJECT' : 'APPROVE',
            role: one.role,
          }
        : { kind: one.do, actor, rowVersion: sawRow };
    const { next, events } = reduce(request, sent, moment, inForce);
    request = next;
    for (const event of events) {
      const line = {
        is: 'did',
        what: event.kind,
        who: actor,
        allowed: moment.authorized,
        sawRow,
        row: next.rowVersion,
      } as const;
      if (event.kind === 'vote_cast') {
        log.push({ ...line, role: event.vote.role, vote: event.vote.id });
      } else if (event.kind === 'vote_revoked') log.push({ ...line, vote: event.voteId });
      else if (event.kind === 'executing') log.push({ ...line, permit: event.permit });
      else log.push(line);
      if (event.kind === 'approved') {
        const permit = `permit-${next.rowVersion}`;
        request = {
          ...next,
          permit: { jti: permit, expiresAt: new Date(now + 100), voided: false },
        };
        log.push({ is: 'permitIssued', permit, expiresAt: now + 100 });
      }
    }
  }
  return log;
}

const walks = fc.array(step, { minLength: 5, maxLength: 60 });

/** Walks until the checker objects; the seed is fixed, so a mutant is caught on every run or on none. */
function findViolation(rules: readonly RuleName[], runs: number): string | null {
  let found: string | null = null;
  fc.assert(
    fc.property(walks, (steps) => {
      found ??= firstViolation(walk(steps, rules));
    }),
    { numRuns: runs, seed: 20261121 },
  );
  return found;
}

describe('the promotion workflow', () => {
  it('keeps its promise on random walks, as an independent checker reads the log', () => {
    expect(findViolation(ALL_RULES, 4_000)).toBeNull();
  });

  it('gets to executions on those walks, so that the property is not empty', () => {
    let executions = 0;
    fc.assert(
      fc.property(walks, (steps) => {
        executions += walk(steps, ALL_RULES).filter(
          (line) => line.is === 'did' && line.what === 'executing',
        ).length;
      }),
      { numRuns: 1_000, seed: 20261121 },
    );
    expect(executions).toBeGreaterThan(100);
  });

  /** Each rule left out breaks a promise that the checker names. votedOnPin has its own case below: a pin never changes. */
  const MUTANTS: readonly RuleName[] = ALL_RULES.filter((rule) => rule !== 'votedOnPin');
  it.each(MUTANTS)('is caught without the rule %s', (removed) => {
    const rules = ALL_RULES.filter((rule) => rule !== removed);
    expect(findViolation(rules, 6_000)).toEqual(expect.any(String));
  });

  it('does not count a vote that was cast on another pin', () => {
    const vote = { role: 'approver', decision: 'APPROVE', revoked: false } as const;
    const request: RequestState = {
      id: 'request',
      state: 'PENDING',
      rowVersion: 2,
      requestedBy: 'user:req',
      registrant: null,
      pinDigest: 'pin-2',
      expiresAt: new Date(1000),
      votes: [
        { ...vote, id: '1', actor: 'user:a', pinDigest: 'pin-1' },
        { ...vote, id: '2', actor: 'user:b', pinDigest: 'pin-2' },
      ],
      permit: null,
    };
    const moment: Moment = {
      now: new Date(0),
      tier: TIER,
      present: { digest: 'pin-2', differences: [] },
      rolesOf: () => ['approver'],
      authorized: true,
    };
    expect(countedVoters(request, moment)).toEqual(['user:b']);
    const without = new Set(ALL_RULES.filter((rule) => rule !== 'votedOnPin'));
    expect(countedVoters(request, moment, without)).toEqual(['user:a', 'user:b']);
  });
});
