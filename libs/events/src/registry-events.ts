import { z } from 'zod';

/** A personal value read back: null once erased or withheld. */
const disclosed = z.string().nullable();
const tags = z.array(z.object({ key: z.string(), value: disclosed }));
const name = z.string();
const version = z.string();
/** What the source said beside its data. */
const said = {
  /** The version as the caller spelled it, where that differs ("01"). */
  rawVersion: z.string().optional(),
  /** A hint of the sender's, not a boundary. */
  workspace: z.string().optional(),
};

/** Readable `data` of each registry event, after disclosed values were filled in. */
export const registryEvents = {
  'registered_model.created': z.object({ ...said, name, description: disclosed, tags }),
  'registered_model.deleted': z.object({ name }),
  'registered_model.tag_set': z.object({ name, key: z.string(), value: disclosed }),
  'registered_model.tag_deleted': z.object({ name, key: z.string() }),
  'model_version.deleted': z.object({ name, version }),
  'model_version.created': z.object({
    ...said,
    name,
    version,
    sourceUri: z.string().nullable(),
    /** As the source said it: null means "not said", never "no run". */
    runId: z.string().nullable(),
    description: disclosed,
    tags,
  }),
  'model_version.tag_set': z.object({ ...said, name, version, key: z.string(), value: disclosed }),
  'model_version.tag_deleted': z.object({ ...said, name, version, key: z.string() }),
  'model_alias.set': z.object({ ...said, name, alias: z.string(), version }),
  'model_alias.removed': z.object({ ...said, name, alias: z.string() }),
  'model_version.stage_transitioned': z.object({
    name,
    version,
    from: z.string().nullable(),
    to: z.string(),
    cause: z.enum(['direct', 'request', 'side_effect']),
  }),
  /** A version as its registry's REST interface showed it after we were told that it exists. */
  'model_version.observed': z.object({
    name,
    version,
    runId: z.string().nullable(),
    sourceUri: z.string().nullable(),
    stage: z.string().nullable(),
    status: z.string().nullable(),
    description: disclosed,
    tags,
    aliases: z.array(z.string()),
    /** Milliseconds since 1970, as the registry keeps them. */
    createdAtMs: z.number().nullable(),
    /** `sha256:<hex>` of the artifact manifest; absent or null when it was not read. */
    artifactDigest: z.string().nullable().optional(),
    /** Sequence of the entry that made us look. */
    readFor: z.string(),
    /** Size of the ledger when the reading began: entries from there on may be newer than what was seen. */
    readAtSize: z.string().optional(),
  }),
  /** A training run as its tracking server showed it. */
  'run.observed': z.object({
    runId: z.string(),
    runName: disclosed,
    userName: disclosed,
    status: z.string().nullable(),
    startedAtMs: z.number().nullable(),
    endedAtMs: z.number().nullable(),
    params: z.array(z.object({ key: z.string(), value: disclosed })),
    metrics: z.array(z.object({ key: z.string(), value: z.string() })),
    tags,
    datasetInputs: z.array(
      z.object({
        name: z.string(),
        digest: z.string().nullable(),
        sourceType: z.string().nullable(),
        /** The JSON text that MLflow keeps, unparsed. */
        source: z.string().nullable(),
        /** Tag `mlflow.data.context`: training, evaluation, validation, testing … or null. */
        context: z.string().nullable(),
      }),
    ),
    modelOutputs: z.array(z.string()),
    readFor: z.string(),
  }),
  'prompt.created': z.object({ ...said, name, description: disclosed, tags }),
  'prompt.tag_set': z.object({ ...said, name, key: z.string(), value: disclosed }),
  'prompt.tag_deleted': z.object({ ...said, name, key: z.string() }),
  'prompt_version.created': z.object({
    ...said,
    name,
    version,
    template: disclosed,
    description: disclosed,
    tags,
  }),
  'prompt_version.tag_set': z.object({ ...said, name, version, key: z.string(), value: disclosed }),
  'prompt_version.tag_deleted': z.object({ ...said, name, version, key: z.string() }),
  'prompt_alias.set': z.object({ ...said, name, alias: z.string(), version }),
  'prompt_alias.removed': z.object({ ...said, name, alias: z.string() }),
  'budget.exceeded': z.object({
    ...said,
    budgetPolicyId: z.string(),
    unit: z.string(),
    amount: z.string(),
    spend: z.string(),
    durationUnit: z.string(),
    durationValue: z.string(),
    scope: z.string(),
    target: z.string().nullable(),
    windowStart: z.string().nullable(),
  }),
} as const;
