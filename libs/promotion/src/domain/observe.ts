/** What was desired and seen of one target before an entry. */
export interface TargetState {
  readonly approved: readonly string[];
  readonly observed: readonly string[];
  readonly drifting: boolean;
}

/** What an entry says about one target of a model. */
export interface TargetChange {
  readonly target: string;
  /** Versions that hold it after the entry, in text order. */
  readonly observed: readonly string[];
  /** The version that came to hold it (again), or null when one only lost it. */
  readonly gained: string | null;
  /** The registry's own doing, such as archiving: never somebody's decision by itself. */
  readonly sideEffect: boolean;
}

export type Judgement =
  | { readonly kind: 'approved'; readonly resolves: boolean }
  | { readonly kind: 'drift'; readonly drift: 'unapproved' | 'missing' }
  | { readonly kind: 'resolved' }
  | { readonly kind: 'nothing' };

/**
 * Judges a change of a target. `covered`: a request with a permit stands for it. `governed`: it came after the
 * model was put under a policy. Pure, so that a replay judges the same.
 */
export function judge(
  before: TargetState,
  change: TargetChange,
  context: { readonly covered: boolean; readonly governed: boolean },
): { readonly judgement: Judgement; readonly after: TargetState } {
  const seen = { ...before, observed: change.observed };
  if (context.covered && change.gained !== null) {
    const after = { approved: [change.gained], observed: change.observed, drifting: false };
    return { judgement: { kind: 'approved', resolves: before.drifting }, after };
  }
  if (!context.governed) return { judgement: { kind: 'nothing' }, after: seen };
  if (change.sideEffect || context.covered) {
    const approved = follow(before.approved, before.observed, change.observed);
    return { judgement: { kind: 'nothing' }, after: { ...seen, approved } };
  }
  if (sameVersions(change.observed, before.approved)) {
    return before.drifting
      ? { judgement: { kind: 'resolved' }, after: { ...seen, drifting: false } }
      : { judgement: { kind: 'nothing' }, after: seen };
  }
  if (sameVersions(change.observed, before.observed)) {
    return { judgement: { kind: 'nothing' }, after: seen };
  }
  const missing = change.observed.every((version) => before.approved.includes(version));
  const judgement = { kind: 'drift', drift: missing ? 'missing' : 'unapproved' } as const;
  return { judgement, after: { ...seen, drifting: true } };
}

/** Applies to the approved versions what a change nobody has to answer for did to the observed ones. */
function follow(
  approved: readonly string[],
  before: readonly string[],
  after: readonly string[],
): string[] {
  const lost = before.filter((version) => !after.includes(version));
  const gained = after.filter((version) => !before.includes(version));
  return [...new Set([...approved.filter((version) => !lost.includes(version)), ...gained])].sort();
}

export function sameVersions(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((version) => right.includes(version));
}
