import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { personal, UNKNOWN_ACTOR, type EntryDraft } from '@countersign/events';

const FIXTURES = join(process.cwd(), 'test', 'fixtures');

export interface Session {
  readonly drafts: readonly EntryDraft[];
  /** The sequence of the last entry that each recorded file led to. */
  readonly sequenceOf: ReadonlyMap<string, bigint>;
}

function bytesOf(...path: readonly string[]): Buffer {
  return readFileSync(join(FIXTURES, ...path));
}

export function jsonOf<Shape>(...path: readonly string[]): Shape {
  return JSON.parse(bytesOf(...path).toString('utf8')) as Shape;
}

/** One received OpenLineage event, as its door records it. */
export function runEventDraft(bytes: Buffer, receivedAt: Date, delivery: string): EntryDraft {
  const event = JSON.parse(bytes.toString('utf8')) as {
    eventTime?: string;
    eventType?: string;
    producer?: string;
    run: { runId: string };
    job: { namespace: string; name: string };
  };
  return {
    type: 'lineage.run_event',
    source: 'openlineage/spark',
    subject: `run/${event.run.runId}`,
    actor: UNKNOWN_ACTOR,
    basis: 'authenticated',
    occurredAt: receivedAt,
    delivery,
    data: {
      runId: event.run.runId,
      jobNamespace: event.job.namespace,
      jobName: event.job.name,
      eventType: event.eventType ?? null,
      eventTime: event.eventTime ?? receivedAt.toISOString(),
      producer: event.producer ?? null,
    },
    evidence: { bytes, mediaType: 'application/json' },
  };
}

interface VersionAnswer {
  readonly name: string;
  readonly version: string;
  readonly run_id?: string | null;
  readonly source: string;
}

export interface RunAnswer {
  readonly info: {
    readonly run_id: string;
    readonly start_time: number;
    readonly end_time?: number | null;
  };
  readonly data: { readonly tags: readonly { key: string; value: string }[] };
  readonly inputs?: {
    readonly dataset_inputs?: readonly {
      readonly tags: readonly { key: string; value: string }[];
      readonly dataset: {
        readonly name: string;
        readonly digest: string;
        readonly source_type: string;
        readonly source: string;
      };
    }[];
  };
  readonly outputs?: { readonly model_outputs?: readonly { readonly model_id: string }[] };
}

const REGISTRY = {
  source: 'mlflow/demo',
  actor: UNKNOWN_ACTOR,
  basis: 'reported',
} as const;

/** What a webhook tells of a new version. */
export function versionCreated(version: VersionAnswer, at: Date): EntryDraft {
  return {
    ...REGISTRY,
    type: 'model_version.created',
    subject: `model/${version.name}/version/${version.version}`,
    occurredAt: at,
    delivery: `created:${version.name}/${version.version}`,
    data: {
      name: version.name,
      version: version.version,
      sourceUri: version.source,
      runId: version.run_id ?? null,
      description: null,
      tags: [],
    },
  };
}

/** What reading the version back adds. */
export function versionObserved(version: VersionAnswer, at: Date): EntryDraft {
  return {
    ...REGISTRY,
    type: 'model_version.observed',
    subject: `model/${version.name}/version/${version.version}`,
    occurredAt: at,
    delivery: `observed:${version.name}/${version.version}`,
    data: {
      name: version.name,
      version: version.version,
      runId: version.run_id ?? null,
      sourceUri: version.source,
      stage: null,
      status: 'READY',
      description: null,
      tags: [],
      aliases: [],
      createdAtMs: null,
      readFor: '0',
    },
  };
}

/** What reading a run back says. */
export function runObserved(run: RunAnswer, at: Date, suffix = ''): EntryDraft {
  return {
    ...REGISTRY,
    type: 'run.observed',
    subject: `run/${run.info.run_id}`,
    occurredAt: at,
    delivery: `run:${run.info.run_id}${suffix}`,
    data: {
      runId: run.info.run_id,
      runName: null,
      userName: null,
      status: 'FINISHED',
      startedAtMs: run.info.start_time,
      endedAtMs: run.info.end_time ?? null,
      params: [],
      metrics: [],
      tags: run.data.tags.map(({ key, value }) => ({ key, value: personal(value) })),
      datasetInputs: (run.inputs?.dataset_inputs ?? []).map(({ tags, dataset }) => ({
        name: dataset.name,
        digest: dataset.digest,
        sourceType: dataset.source_type,
        source: dataset.source,
        context: tags.find((tag) => tag.key === 'mlflow.data.context')?.value ?? null,
      })),
      modelOutputs: (run.outputs?.model_outputs ?? []).map((output) => output.model_id),
      readFor: '0',
    },
  };
}

interface CardFraudEntry {
  readonly file: string;
  readonly kind: 'mlflow' | 'openlineage';
  readonly receivedAt: string;
  readonly event?: string;
}

/** The card-fraud session in recorded order; each new version is read back, with its run, when its webhook came. */
export function cardFraudSession(): Session {
  const folder = 'card-fraud-session';
  const { entries } = jsonOf<{ entries: readonly CardFraudEntry[] }>(folder, 'index.json');
  const runs = { '1': 'A', '2': 'B', '3': 'C' } as const;
  const drafts: EntryDraft[] = [];
  const sequenceOf = new Map<string, bigint>();
  for (const { file, kind, receivedAt, event } of entries) {
    const at = new Date(receivedAt);
    if (kind === 'openlineage') {
      drafts.push(runEventDraft(bytesOf(folder, file), at, file));
    } else if (event === 'model_version.created') {
      const { data } = jsonOf<{ data: VersionAnswer }>(folder, file);
      const name = data.version as keyof typeof runs;
      const end = [folder, 'snapshot', 'end'];
      const read = jsonOf<{ model_version: VersionAnswer }>(
        ...end,
        `model-versions-get-${name}.json`,
      );
      const { run } = jsonOf<{ run: RunAnswer }>(...end, `runs-get-${runs[name]}.json`);
      drafts.push(versionCreated(data, at));
      drafts.push(versionObserved(read.model_version, at), runObserved(run, at));
    }
    sequenceOf.set(file, BigInt(drafts.length - 1));
  }
  return { drafts, sequenceOf };
}

/** The Spark session's 157 events in recorded order. */
export function sparkSession(): Session {
  const folder = 'spark-session';
  const { requests } = jsonOf<{ requests: readonly { file: string; receivedAt: string }[] }>(
    folder,
    'index.json',
  );
  const drafts = requests.map(({ file, receivedAt }) =>
    runEventDraft(bytesOf(folder, file), new Date(receivedAt), file),
  );
  return {
    drafts,
    sequenceOf: new Map(requests.map(({ file }, i) => [file, BigInt(i)])),
  };
}

interface SparkModelRun {
  readonly run: Omit<RunAnswer, 'data' | 'inputs'> & {
    readonly data: { readonly tags: Readonly<Record<string, string>> };
    readonly inputs: {
      readonly dataset_inputs: readonly {
        readonly tags: Readonly<Record<string, string>>;
        readonly dataset: NonNullable<
          NonNullable<RunAnswer['inputs']>['dataset_inputs']
        >[number]['dataset'];
      }[];
    };
  };
  readonly model_version: VersionAnswer;
}

/** The two model versions that the Spark session's training runs made. */
export function sparkModels(): readonly EntryDraft[] {
  const pairs = (tags: Readonly<Record<string, string>>): { key: string; value: string }[] =>
    Object.entries(tags).map(([key, value]) => ({ key, value }));
  return ['mlflow-run-1.json', 'mlflow-run-2.json'].flatMap((file) => {
    const { run, model_version } = jsonOf<SparkModelRun>('spark-session', file);
    const answer: RunAnswer = {
      info: run.info,
      data: { tags: pairs(run.data.tags) },
      inputs: {
        dataset_inputs: run.inputs.dataset_inputs.map(({ tags, dataset }) => ({
          tags: pairs(tags),
          dataset,
        })),
      },
      outputs: run.outputs ?? {},
    };
    const at = new Date('2026-11-21T08:13:00.000Z');
    return [versionObserved(model_version, at), runObserved(answer, at)];
  });
}
