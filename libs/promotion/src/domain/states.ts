/** Every state of a promotion request, as stored and as the API names it. */
export const PROMOTION_STATES = [
  'PENDING',
  'APPROVED',
  'EXECUTING',
  'EXECUTED',
  'VERIFIED',
  'REJECTED',
  'WITHDRAWN',
  'EXPIRED',
  'STALE',
  'FAILED',
  'OVERRIDE_OPEN',
  'EXECUTED_UNREVIEWED',
  'ROLLED_BACK',
] as const;
export type PromotionState = (typeof PROMOTION_STATES)[number];

/** Not yet decided for good: at most one request per version and target is in one of these. */
export const OPEN_STATES = ['PENDING', 'APPROVED', 'EXECUTING', 'FAILED'] as const;

/** Which state may follow which (facts of the workflow, not of a policy). */
const NEXT: Readonly<Partial<Record<PromotionState, readonly PromotionState[]>>> = {
  PENDING: ['APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED', 'STALE'],
  APPROVED: ['EXECUTING', 'EXECUTED', 'PENDING', 'WITHDRAWN', 'EXPIRED', 'STALE'],
  EXECUTING: ['EXECUTED', 'FAILED'],
  FAILED: ['EXECUTING', 'EXECUTED', 'PENDING', 'WITHDRAWN', 'EXPIRED', 'STALE'],
  EXECUTED: ['VERIFIED', 'ROLLED_BACK'],
  VERIFIED: ['ROLLED_BACK'],
};

/** True when the machine has this edge. */
export function mayFollow(from: PromotionState, to: PromotionState): boolean {
  return NEXT[from]?.includes(to) ?? false;
}

/** True while the request can still become something else by a command. */
export function isOpen(state: PromotionState): boolean {
  return (OPEN_STATES as readonly PromotionState[]).includes(state);
}
