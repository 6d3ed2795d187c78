import { isJsonObject, parseStrictJson, type JsonLimits, type JsonObject } from '@countersign/chain';
import { AppError } from '@countersign/kernel';

/** Why a call to a registry brought nothing. A closed set. */
export type MlflowRestCode =
  /** No answer: refused connection, time-out, broken off. Worth another try. */
  | 'UNREACHABLE'
  /** The registry says that there is no such thing. */
  | 'NOT_FOUND'
  /** The registry refused, or is failing; `status` says which. */
  | 'REFUSED'
  /** The answer is too large or not what MLflow sends. */
  | 'MALFORMED';

export type MlflowRestResult<Value> =
  | { readonly ok: true; readonly value: Value; readonly bytes: Uint8Array; readonly mediaType: string }
  /** `detail` is safe to record: no credentials, no personal values. */
  | { readonly ok: false; readonly code: MlflowRestCode; readonly status: number | null; readonly detail: string };

export interface MlflowRestOptions {
  /** Root of the server, http or https, without credentials; a path is a static prefix. */
  readonly baseUrl: string;
  /** Sent as it is, e.g. `Bearer …` or `Basic …`. */
  readonly authorization?: string;
  /** For one call, connection and body together. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default 4 MiB: a version or a run with its tags and inputs is a few kilobytes. */
  readonly answerBytesMax?: number;
}

export interface MlflowTag {
  readonly key: string;
  readonly value: string;
}

export interface MlflowModelVersion {
  readonly name: string;
  readonly version: string;
  readonly runId: string | null;
  readonly source: string | null;
  readonly stage: string | null;
  readonly status: string | null;
  readonly description: string | null;
  readonly tags: readonly MlflowTag[];
  readonly aliases: readonly string[];
  readonly createdAtMs: number | null;
}

export interface MlflowRegisteredModel {
  readonly name: string;
  readonly description: string | null;
  readonly tags: readonly MlflowTag[];
  readonly aliases: readonly { readonly alias: string; readonly version: string }[];
  readonly createdAtMs: number | null;
}

export interface MlflowDatasetInput {
  readonly name: string;
  readonly digest: string | null;
  readonly sourceType: string | null;
  /** JSON text, as MLflow keeps it. */
  readonly source: string | null;
  /** Tag `mlflow.data.context`. */
  readonly context: string | null;
}

export interface MlflowRun {
  readonly runId: string;
  readonly runName: string | null;
  readonly userId: string | null;
  readonly status: string | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly params: readonly MlflowTag[];
  /** Last value of each metric, as a decimal string. */
  readonly metrics: readonly MlflowTag[];
  readonly tags: readonly MlflowTag[];
  readonly datasetInputs: readonly MlflowDatasetInput[];
  readonly modelOutputs: readonly string[];
}

const API = 'api/2.0/mlflow/';
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Schemas and profiles of dataset inputs are long strings; names and descriptions are not ours to bound here. */
const ANSWER_LIMITS: Partial<JsonLimits> = {};
