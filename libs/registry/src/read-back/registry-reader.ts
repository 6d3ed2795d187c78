import type { TenantId } from '@countersign/kernel';

/** Bytes of an answer as received, for evidence. */
export interface ReadEvidence {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export interface ObservedTag {
  readonly key: string;
  readonly value: string;
}

/** A model version as its registry showed it. */
export interface ObservedVersion {
  readonly runId: string | null;
  readonly sourceUri: string | null;
  readonly stage: string | null;
  readonly status: string | null;
  readonly description: string | null;
  readonly tags: readonly ObservedTag[];
  readonly aliases: readonly string[];
  readonly createdAtMs: number | null;
  readonly evidence: ReadEvidence;
}

/** An input of a run. `source` is the JSON text that the registry keeps, unparsed. */
export interface ObservedDatasetInput {
  readonly name: string;
  readonly digest: string | null;
  readonly sourceType: string | null;
  readonly source: string | null;
  readonly context: string | null;
}

/** A training run as its tracking server showed it. */
export interface ObservedRun {
  readonly runId: string;
  readonly runName: string | null;
  readonly userName: string | null;
  readonly status: string | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly params: readonly ObservedTag[];
  readonly metrics: readonly ObservedTag[];
  readonly tags: readonly ObservedTag[];
  readonly datasetInputs: readonly ObservedDatasetInput[];
  readonly modelOutputs: readonly string[];
  readonly evidence: ReadEvidence;
}

export type ReadFailureCode = 'UNREACHABLE' | 'NOT_FOUND' | 'REFUSED' | 'MALFORMED';

export type ReadResult<Value> =
  | { readonly ok: true; readonly value: Value }
  /** `detail` goes into the ledger: no secrets, no personal values. */
  | { readonly ok: false; readonly code: ReadFailureCode; readonly detail: string };

/** One registry that can be read. */
export interface ReadableRegistry {
  /** Id of the configured source. */
  readonly sourceId: string;
  readVersion(name: string, version: string): Promise<ReadResult<ObservedVersion>>;
  readRun(runId: string): Promise<ReadResult<ObservedRun>>;
}

/** Finds the registry behind `<kind>/<name>`. Null when the source has no address to read from. */
export interface RegistryReader {
  open(tenantId: TenantId, source: string): Promise<ReadableRegistry | null>;
}
