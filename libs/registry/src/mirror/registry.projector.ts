import type { Projector } from '@countersign/ledger';

/** Keeps the mirror of every registry that the ledger speaks of. */
export const registryProjector: Projector = {
  name: 'registry',
  types: [
    'registered_model.*',
    'model_version.*',
    'model_alias.*',
    'prompt.*',
    'prompt_version.*',
    'prompt_alias.*',
  ],
  apply: () => Promise.resolve(),
  clear: () => Promise.resolve(),
};
