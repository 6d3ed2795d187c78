/** How grave an unapproved change of a target is. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Targets of one importance, and what a move onto them needs. */
export interface PromotionTier {
  readonly name: string;
  /** `stage:Production`, `alias:champion`, or `alias:*` / `stage:*` for all of a kind. */
  readonly targets: readonly string[];
  readonly quorum: { readonly role: string; readonly approvals: number };
  readonly requestTtlSeconds: number;
  /** At most 600. */
  readonly permitTtlSeconds: number;
  readonly driftSeverity: Severity;
  /** False: these targets may be moved freely; a promotion can be asked for, and a move without one is no drift. */
  readonly enforced: boolean;
}

/** One promotion policy, read from a file. Immutable: another text is another version. */
export interface PromotionPolicy {
  readonly name: string;
  readonly version: number;
  readonly tiers: readonly PromotionTier[];
  /** `<name>@sha256:<hex of the file>`. */
  readonly policyVersion: string;
}

const TARGET = /^(?:alias|stage):[^\p{Cc}]{1,255}$/u;

/** MLflow's stages; it takes them in any case and spells them this way. */
const STAGES = ['None', 'Staging', 'Production', 'Archived'];

/**
 * A target in its one spelling, or null when it is none. `stage:production` is `stage:Production`: were it another
 * target, it would fall into another tier. Alias names are case-sensitive in the registries.
 */
export function asTarget(text: string): string | null {
  if (!TARGET.test(text)) return null;
  if (!text.startsWith('stage:')) return text;
  const name = text.slice('stage:'.length).toLowerCase();
  const known = STAGES.find((stage) => stage.toLowerCase() === name);
  return known === undefined ? text : `stage:${known}`;
}

/** The first tier that names the target, exactly or by `kind:*`; null when the policy says nothing about it. */
export function tierOf(policy: PromotionPolicy, target: string): PromotionTier | null {
  const kind = `${target.slice(0, target.indexOf(':'))}:*`;
  return policy.tiers.find((tier) => tier.targets.some((t) => t === target || t === kind)) ?? null;
}

/** Whether a move of the target without a permit is drift. A target that no tier names is as grave as any. */
export function isEnforced(policy: PromotionPolicy | null, target: string): boolean {
  return (policy === null ? null : tierOf(policy, target))?.enforced ?? true;
}
