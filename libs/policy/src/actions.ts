/** Every action that a decision can be asked for. A closed set: a misspelt one is an error, not a denial. */
export const ACTIONS = [
  'events.write',
  'evidence.attach',
  'freeze.manage',
  'grant.manage',
  'ledger.export',
  'ledger.read',
  'lineage.read',
  'lineage.write',
  'model.annotate',
  'model.read',
  'model.register',
  'override.review',
  'policy.approve',
  'policy.propose',
  'policy.read',
  'promotion.approve',
  'promotion.execute',
  'promotion.override',
  'promotion.read',
  'promotion.request',
  'promotion.rollback',
  'quarantine.replay',
  'review.run',
  'source.manage',
  'source.read',
  'tenant.open',
] as const;
export type Action = (typeof ACTIONS)[number];

const known: ReadonlySet<string> = new Set(ACTIONS);

/** True for an action of the catalogue. */
export function isAction(text: string): text is Action {
  return known.has(text);
}
