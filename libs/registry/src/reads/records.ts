import type { ActorKind, Basis } from '@countersign/events';

/** A prompt is a registered model of its own kind: same name, different thing. */
export type ModelKind = 'model' | 'prompt';

/** When something happened, as well as it is known. Both ends are equal for an event with an instant. */
export interface TimeRange {
  readonly earliest: Date;
  readonly latest: Date;
}

export interface RegisteredModelRecord {
  readonly id: string;
  readonly source: string;
  readonly kind: ModelKind;
  readonly name: string;
  /** 1 for the first model of this name, one more each time a deleted name is made again. */
  readonly incarnation: number;
  /** Null when the source gave none, or once erased. */
  readonly description: string | null;
  /** How its creation is known: `inferred` for a model that we met through its versions or aliases. */
  readonly basis: Basis;
  /** Null when its creation was never reported. */
  readonly createdAt: Date | null;
  readonly deletedAt: TimeRange | null;
  readonly firstSequence: bigint;
}

export interface ModelVersionRecord {
  readonly id: string;
  readonly modelId: string;
  readonly source: string;
  readonly kind: ModelKind;
  readonly modelName: string;
  readonly incarnation: number;
  /** Canonical: decimal without sign, blanks or leading zeros where the source counts versions. */
  readonly version: string;
  readonly runId: string | null;
  readonly sourceUri: string | null;
  readonly description: string | null;
  readonly stage: string | null;
  readonly status: string | null;
  /** `sha256:<hex>` of the artifact manifest, when it could be read. */
  readonly artifactDigest: string | null;
  readonly basis: Basis;
  readonly createdAt: Date | null;
  readonly deletedAt: TimeRange | null;
  readonly firstSequence: bigint;
}

/** `value` is null once erased. */
export interface TagRecord {
  readonly key: string;
  readonly value: string | null;
  readonly entrySequence: bigint;
}

export interface AliasRecord {
  readonly name: string;
  readonly version: string;
  readonly versionId: string;
  readonly entrySequence: bigint;
}

/** A version held a target from .. to, as believed between two points of the ledger. */
export interface PlacementRecord {
  readonly versionId: string;
  readonly modelId: string;
  /** `alias:champion` or `stage:Production`. */
  readonly target: string;
  readonly from: TimeRange;
  /** Null while it holds. */
  readonly to: TimeRange | null;
  readonly placedBy: { readonly id: string; readonly kind: ActorKind; readonly basis: Basis };
  readonly basis: Basis;
  /** The entry that put it there. */
  readonly entrySequence: bigint;
  /** Since which entry it is believed with these ends, and until which (null: still). */
  readonly knownFromSequence: bigint;
  readonly knownToSequence: bigint | null;
}

/** What an entry changed, seen from the mirror. `before` is inferred: the sources do not send it. */
export interface RecordedChange {
  readonly sequence: bigint;
  /** `alias:champion`, `stage` or `tag:<key>`. */
  readonly slot: string;
  readonly modelId: string;
  /** Version held before (aliases), or the version whose stage or tag it is. */
  readonly before: { readonly value: string | null; readonly versionId: string | null } | null;
  readonly after: { readonly value: string | null; readonly versionId: string | null } | null;
  readonly basis: 'inferred';
}

export interface PlacementQuery {
  readonly model: string;
  readonly target: string;
  /** Default: what holds now. */
  readonly at?: Date | null | undefined;
  /** Default: everything that the mirror knows. */
  readonly knownAtSequence?: bigint | null | undefined;
  readonly source?: string | null | undefined;
}

export interface ModelFilter {
  /** Part of the name, in any case. */
  readonly name?: string | null | undefined;
  /** Default `model`. */
  readonly kind?: ModelKind | undefined;
}
