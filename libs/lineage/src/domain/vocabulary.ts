/** What a node is, as the API names it. */
export const LINEAGE_KINDS = [
  'DATASET',
  'DATASET_VERSION',
  'FEATURE_TABLE',
  'FEATURE',
  'JOB',
  'RUN',
  'MODEL',
  'MODEL_VERSION',
  'DEPLOYMENT',
  'ENDPOINT',
  'CODE',
  'EXTERNAL',
  'RESTRICTED',
] as const;
export type LineageKind = (typeof LINEAGE_KINDS)[number];

/**
 * How well an edge is known, best first. OBSERVED: measured where it happened. DECLARED: stated by the producer.
 * INFERRED: concluded from times, names or a neighbour. WEAK: a name only, or a statement that may belong to
 * another run. UNKNOWN: nobody said which version.
 */
export const BINDING_QUALITIES = ['OBSERVED', 'DECLARED', 'INFERRED', 'WEAK', 'UNKNOWN'] as const;
export type BindingQuality = (typeof BINDING_QUALITIES)[number];

/** The better of two qualities. */
export function better(a: BindingQuality, b: BindingQuality): BindingQuality {
  return BINDING_QUALITIES.indexOf(a) <= BINDING_QUALITIES.indexOf(b) ? a : b;
}

/** The worse of two qualities: a chain is as good as its weakest link. */
export function worse(a: BindingQuality, b: BindingQuality): BindingQuality {
  return better(a, b) === a ? b : a;
}

/**
 * READ: data into a run. WROTE: a run into data. CONTINUES: the version before, which an append or merge keeps.
 * PRODUCED: a training run into a model version. DERIVED: a model version copied from another one.
 */
export type EdgeKind = 'READ' | 'WROTE' | 'CONTINUES' | 'PRODUCED' | 'DERIVED';

/** What a run used the data for. Null: nobody said. */
export type EdgeRole = 'training' | 'evaluation' | 'continues';

export type Direction = 'UPSTREAM' | 'DOWNSTREAM';
