import type { Basis } from '@countersign/events';
import type { Range } from './statement.js';

/** A prompt is a registered model of its own kind: same name, different thing. */
export type ModelKind = 'model' | 'prompt';

/** One incarnation of a name. Times in milliseconds since 1970, source time. */
export interface ModelRow {
  readonly id: string;
  readonly source: string;
  readonly kind: ModelKind;
  readonly name: string;
  readonly incarnation: number;
  description: string | null;
  /** `inferred` until its creation is reported. */
  basis: Basis;
  createdAt: number | null;
  deletedAt: Range | null;
  readonly firstSequence: bigint;
  /** Earliest and latest event that spoke of it. */
  firstHeardAt: number;
  lastHeardAt: number;
  /** Highest version number heard of; null when none. */
  highestVersion: bigint | null;
}

export interface VersionRow {
  readonly id: string;
  readonly modelId: string;
  readonly version: string;
  readonly number: bigint | null;
  runId: string | null;
  sourceUri: string | null;
  description: string | null;
  status: string | null;
  artifactDigest: string | null;
  basis: Basis;
  /** As the registry keeps it when it was read back, else when its creation was reported. */
  createdAt: number | null;
  /** When its creation was reported; null for a version that we met otherwise. */
  reportedAt: number | null;
  /** When the newest reading of it was made. */
  observedAt: number | null;
  deletedAt: Range | null;
  readonly firstSequence: bigint;
  /** The entry that reported its creation. */
  createdSequence: bigint | null;
}
