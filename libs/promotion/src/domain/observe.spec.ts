import fc from 'fast-check';
import { judge, sameVersions, type TargetChange, type TargetState } from './observe.js';

type Judge = typeof judge;

const change = (
  observed: string[],
  gained: string | null = null,
  sideEffect = false,
): TargetChange => ({ target: 'alias:champion', observed, gained, sideEffect });
const state = (approved: string[], observed = approved, drifting = false): TargetState => ({
  approved,
  observed,
  drifting,
});
const GOVERNED = { covered: false, governed: true };

describe('judging a change of a target', () => {
  it.each([
    ['an unapproved version', state(['1']), change(['2'], '2'), 'drift'],
    ['a removal', state(['1']), change([]), 'drift'],
    ['another unapproved version', state(['1'], ['2'], true), change(['3'], '3'), 'drift'],
    ['the same unapproved version again', state(['1'], ['2'], true), change(['2'], '2'), 'nothing'],
    ['the approved version again', state(['1']), change(['1'], '1'), 'nothing'],
    ['the way back', state(['1'], ['2'], true), change(['1'], '1'), 'resolved'],
    ['a late report of an old move', state(['1']), change(['1']), 'nothing'],
    ['a second version in a stage', state(['1']), change(['1', '2'], '2'), 'drift'],
    ['the registry archiving', state(['1', '2']), change(['2'], null, true), 'nothing'],
  ])('takes %s for what it is', (_what, before, seen, kind) => {
    expect(judge(before, seen, GOVERNED).judgement.kind).toBe(kind);
  });

  it('says missing when nothing foreign came, unapproved otherwise', () => {
    expect(judge(state(['1']), change([]), GOVERNED).judgement).toMatchObject({ drift: 'missing' });
    expect(judge(state(['1']), change(['2'], '2'), GOVERNED).judgement).toMatchObject({
      drift: 'unapproved',
    });
  });

  const version = fc.constantFrom('1', '2', '3');
  const move = fc.record({
    to: fc.option(version, { nil: null }),
    covered: fc.boolean(),
    governed: fc.boolean(),
  });

  /** While a target is governed, it is either as approved or known to drift: nothing unapproved stays unseen. */
  function unseen(
    judging: Judge,
    moves: readonly { to: string | null; covered: boolean; governed: boolean }[],
  ): boolean {
    let now = state(['1']);
    let began = false;
    for (const { to, covered, governed } of moves) {
      if (governed && !began) now = { ...now, approved: now.observed };
      began ||= governed;
      const seen = change(to === null ? [] : [to], to);
      now = judging(now, seen, { covered: covered && to !== null, governed: began }).after;
      if (began && !now.drifting && !sameVersions(now.approved, now.observed)) return true;
      if (began && now.drifting && sameVersions(now.approved, now.observed)) return true;
    }
    return false;
  }

  const findsUnseen = (judging: Judge): boolean => {
    let found = false;
    fc.assert(
      fc.property(fc.array(move, { maxLength: 20 }), (moves) => {
        found ||= unseen(judging, moves);
      }),
      { numRuns: 2_000, seed: 20261121 },
    );
    return found;
  };

  it('leaves no unapproved change unseen, on random moves', () => {
    expect(findsUnseen(judge)).toBe(false);
  });

  it.each<[string, Judge]>([
    [
      'never notices the way back',
      (b, c, x) => {
        const result = judge(b, c, x);
        return {
          ...result,
          after: { ...result.after, drifting: b.drifting || result.after.drifting },
        };
      },
    ],
    [
      'never opens a drift',
      (b, c, x) => {
        const result = judge(b, c, x);
        return { ...result, after: { ...result.after, drifting: false } };
      },
    ],
    [
      'does not learn what was approved',
      (b, c, x) => {
        const result = judge(b, c, x);
        return { ...result, after: { ...result.after, approved: b.approved } };
      },
    ],
  ])('is caught when it %s', (_name, mutant) => {
    expect(findsUnseen(mutant)).toBe(true);
  });
});
