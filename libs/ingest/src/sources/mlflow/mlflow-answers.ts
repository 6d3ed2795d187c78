import { isJsonObject, type Json, type JsonObject } from '@countersign/chain';

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

/**
 * MLflow leaves empty lists out, sends '' for "none", and numbers as JSON numbers; generic protobuf JSON would
 * send 64-bit numbers as strings, so both are read. Null: the answer is not what MLflow sends.
 */
export function readModelVersion(answer: JsonObject): MlflowModelVersion | null {
  const found = answer['model_version'];
  if (!isJsonObject(found)) return null;
  const name = found['name'];
  const version = integerText(found['version']);
  if (typeof name !== 'string' || version === null) return null;
  return {
    name,
    version,
    runId: textOrNull(found['run_id']),
    source: textOrNull(found['source']),
    stage: textOrNull(found['current_stage']),
    status: textOrNull(found['status']),
    description: textOrNull(found['description']),
    tags: pairs(found['tags']),
    aliases: list(found['aliases']).filter((alias) => typeof alias === 'string'),
    createdAtMs: milliseconds(found['creation_timestamp']),
  };
}

export function readRegisteredModel(answer: JsonObject): MlflowRegisteredModel | null {
  const found = answer['registered_model'];
  if (!isJsonObject(found) || typeof found['name'] !== 'string') return null;
  return {
    name: found['name'],
    description: textOrNull(found['description']),
    tags: pairs(found['tags']),
    aliases: objects(found['aliases']).flatMap(({ alias, version: spelled }) => {
      const version = integerText(spelled);
      return typeof alias === 'string' && version !== null ? [{ alias, version }] : [];
    }),
    createdAtMs: milliseconds(found['creation_timestamp']),
  };
}

export function readRun(answer: JsonObject): MlflowRun | null {
  const run = answer['run'];
  if (!isJsonObject(run) || !isJsonObject(run['info'])) return null;
  const { info } = run;
  const data = isJsonObject(run['data']) ? run['data'] : {};
  const inputs = isJsonObject(run['inputs']) ? run['inputs'] : {};
  const outputs = isJsonObject(run['outputs']) ? run['outputs'] : {};
  const runId = textOrNull(info['run_id']) ?? textOrNull(info['run_uuid']);
  if (runId === null) return null;
  return {
    runId,
    runName: textOrNull(info['run_name']),
    userId: textOrNull(info['user_id']),
    status: textOrNull(info['status']),
    startedAtMs: milliseconds(info['start_time']),
    endedAtMs: milliseconds(info['end_time']),
    params: pairs(data['params']),
    metrics: pairs(data['metrics']),
    tags: pairs(data['tags']),
    datasetInputs: objects(inputs['dataset_inputs']).flatMap(readDatasetInput),
    modelOutputs: objects(outputs['model_outputs']).flatMap(({ model_id: id }) =>
      typeof id === 'string' ? [id] : [],
    ),
  };
}

function readDatasetInput(input: JsonObject): MlflowDatasetInput[] {
  const dataset = input['dataset'];
  if (!isJsonObject(dataset) || typeof dataset['name'] !== 'string') return [];
  const context = pairs(input['tags']).find(({ key }) => key === 'mlflow.data.context');
  return [
    {
      name: dataset['name'],
      digest: textOrNull(dataset['digest']),
      sourceType: textOrNull(dataset['source_type']),
      source: textOrNull(dataset['source']),
      context: context?.value ?? null,
    },
  ];
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function objects(value: Json | undefined): JsonObject[] {
  return list(value).filter((item) => isJsonObject(item));
}

/** Key and value as text; a metric's number in its shortest decimal form. */
function pairs(value: Json | undefined): MlflowTag[] {
  return objects(value).flatMap(({ key, value: held }) => {
    if (typeof key !== 'string') return [];
    if (typeof held === 'string') return [{ key, value: held }];
    return typeof held === 'number' ? [{ key, value: String(held) }] : [];
  });
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function integerText(value: Json | undefined): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && /^[0-9]+$/.test(value) ? value : null;
}

/** Null for what no Date can hold: a hostile registry must not stop a reader. */
function milliseconds(value: Json | undefined): number | null {
  const text = integerText(value);
  const ms = text === null ? null : Number(text);
  return ms !== null && ms <= 8.64e15 ? ms : null;
}
