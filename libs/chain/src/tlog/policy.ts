/** A log whose checkpoints are accepted. */
export interface PolicyLog {
  /** Of signature type 0x01; its name is the log's origin. */
  readonly vkey: string;
  readonly origin: string;
  readonly url?: string | undefined;
}

/** A witness; the name has a meaning in its policy only. */
export interface PolicyWitness {
  readonly name: string;
  /** Of signature type 0x04. */
  readonly vkey: string;
  readonly url?: string | undefined;
}

/** Counts as a witness when at least `threshold` of its members do. */
export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  /** Names of witnesses and of groups before this one. */
  readonly members: readonly string[];
}

/** C2SP tlog-policy: what a verifier is told beforehand, and what it trusts. */
export interface TlogPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** Name of a witness or group, or `none`. */
  readonly quorum: string;
}

/** The quorum's name when no cosignature is asked for. */
export const NO_QUORUM = 'none';

/** True when the witnesses of these names (as the policy calls them) make up its quorum. */
export function quorumMet(policy: TlogPolicy, names: ReadonlySet<string>): boolean {
  if (policy.quorum === NO_QUORUM) return true;
  const met = new Set(policy.witnesses.map(({ name }) => name).filter((name) => names.has(name)));
  // A group names only what stands before it, so one pass in order decides them all.
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter((member) => met.has(member)).length >= threshold) met.add(name);
  }
  return met.has(policy.quorum);
}
