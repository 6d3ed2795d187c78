import { createHash } from 'node:crypto';
import { canonicalize } from '@countersign/chain';

/**
 * What an approval is bound to. A version number alone is no identity: registries hand out the same number again
 * after a model was deleted and made anew. Every member is compared again at each vote and at execution.
 */
export interface Pin {
  /** Name of the registry connection, e.g. `mlflow/demo`. */
  readonly source: string;
  readonly model: string;
  readonly version: string;
  /** The mirror's id of the version: differs between incarnations of one name. */
  readonly modelVersionId: string;
  readonly incarnation: number;
  readonly runId: string | null;
  readonly sourceUri: string | null;
  /** `sha256:<hex>` of the artifact manifest, null when it could not be read. */
  readonly artifactDigest: string | null;
  /** Digest over what the version was made from; facts about its use do not enter. */
  readonly lineageDigest: string | null;
  /** `stage:<Stage>` or `alias:<name>`. */
  readonly target: string;
  /** Versions that held the target, in text order; empty when it was free. */
  readonly expectedHolders: readonly string[];
  /** `<name>@sha256:<hex>` of the promotion policy. */
  readonly policyVersion: string;
}

/** `sha256:<hex>` over the pin's canonical JSON (RFC 8785). */
export function pinDigest(pin: Pin): string {
  return `sha256:${createHash('sha256')
    .update(canonicalize({ ...pin }))
    .digest('hex')}`;
}

/** Names of the members in which two pins differ, in text order. */
export function pinDifferences(pinned: Pin, present: Pin): string[] {
  const names = Object.keys(pinned) as (keyof Pin)[];
  return names
    .filter((name) => JSON.stringify(pinned[name]) !== JSON.stringify(present[name]))
    .sort();
}
