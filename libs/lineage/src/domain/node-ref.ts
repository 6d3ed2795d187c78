import type { JsonObject } from '@countersign/chain';
import { bounded, urn, urnPart } from './urn.js';
import type { LineageKind } from './vocabulary.js';

/** A node as a rule names it. The same URN always comes with the same fields. */
export interface NodeRef {
  readonly urn: string;
  readonly kind: LineageKind;
  readonly namespace: string;
  readonly name: string;
  readonly version: string | null;
  /** What it is a part of: the dataset of a version, the job of a run, the model of a version. */
  readonly container: string | null;
  readonly attributes: JsonObject;
}

function node(
  kind: LineageKind,
  nodeUrn: string,
  fields: Pick<NodeRef, 'namespace' | 'name'> & Partial<NodeRef>,
): NodeRef {
  return {
    urn: nodeUrn,
    kind,
    namespace: bounded(fields.namespace),
    name: bounded(fields.name),
    version: fields.version ?? null,
    container: fields.container ?? null,
    attributes: fields.attributes ?? {},
  };
}

export interface DatasetName {
  readonly namespace: string;
  readonly name: string;
}

export function datasetUrn(name: DatasetName): string {
  return urn('dataset', name.namespace, name.name);
}

export function datasetNode(name: DatasetName): NodeRef {
  return node('DATASET', datasetUrn(name), name);
}

/** The URN of one version of a dataset. `@` is percent-encoded inside of parts, so it separates. */
export function versionUrn(dataset: string, version: string): string {
  return `${dataset}@${urnPart(version)}`;
}

export function versionNode(name: DatasetName, version: string): NodeRef {
  const dataset = datasetUrn(name);
  return node('DATASET_VERSION', versionUrn(dataset, version), {
    ...name,
    version,
    container: dataset,
  });
}

export function jobNode(job: DatasetName): NodeRef {
  return node('JOB', urn('job', job.namespace, job.name), job);
}

/** A run, or the slice of a run that made one output: inputs meet exactly the output they went into. */
export function runNode(
  run: { readonly runId: string; readonly job: DatasetName; readonly parentRunId: string | null },
  output: string | null,
): NodeRef {
  const whole = urn('run', run.runId);
  return node('RUN', output === null ? whole : `${whole}>${output}`, {
    ...run.job,
    container: jobNode(run.job).urn,
    attributes: {
      runId: run.runId,
      ...(run.parentRunId === null ? {} : { parentRunId: run.parentRunId }),
    },
  });
}

/** A training run of a tracking server; `source` as in ledger entries (`mlflow/demo`). */
export function trackingRunNode(source: string, runId: string): NodeRef {
  return node('RUN', urn('tracking-run', source, runId), {
    namespace: source,
    name: runId,
    attributes: { trackingRunId: runId },
  });
}

export function modelNode(source: string, model: string): NodeRef {
  return node('MODEL', urn('model', source, model), { namespace: source, name: model });
}

export function modelVersionUrn(source: string, model: string, version: string): string {
  return urn('model-version', source, model, version);
}

export function modelVersionNode(source: string, model: string, version: string): NodeRef {
  return node('MODEL_VERSION', modelVersionUrn(source, model, version), {
    namespace: source,
    name: model,
    version: bounded(version),
    container: modelNode(source, model).urn,
  });
}

/** Data that a tracking server names and no lineage event knows. */
export function externalNode(name: DatasetName): NodeRef {
  return node('EXTERNAL', urn('external', name.namespace, name.name), name);
}
