import type { InputFacts, OutputFacts, RunFacts, Statement } from './facts.js';
import { datasetUrn, type DatasetName } from './node-ref.js';
import type { EvidenceRules } from './rules.js';
import type { DatasetMention, RunEvent } from './run-event.js';

function emptyRun(event: RunEvent): RunFacts {
  return {
    runId: event.runId,
    job: event.job,
    parentRunId: null,
    parentJobName: null,
    rootRunId: null,
    applicationId: null,
    trackingRunId: null,
    startedAt: null,
    completedAt: null,
    failed: false,
    streaming: false,
    running: false,
    timeTravel: false,
    inputs: [],
    outputs: [],
  };
}

/** Adds one event. `at`: the event's time, or the time of its recording when it had none. */
export function addEvent(
  before: RunFacts | null,
  event: RunEvent,
  at: number,
  rules: EvidenceRules,
): RunFacts {
  const run = before ?? emptyRun(event);
  const type = event.eventType;
  return {
    ...run,
    // One run has one job; should events differ, the choice must not depend on their order.
    job: smallerJob(run.job, event.job),
    parentRunId: smallerText(run.parentRunId, event.parentRunId),
    parentJobName: smallerText(run.parentJobName, event.parentJobName),
    rootRunId: smallerText(run.rootRunId, event.rootRunId),
    applicationId: smallerText(run.applicationId, event.applicationId),
    trackingRunId: smallerText(run.trackingRunId, event.trackingRunId),
    startedAt: type === 'START' ? smallerNumber(run.startedAt, at) : run.startedAt,
    completedAt: type === 'COMPLETE' ? smallerNumber(run.completedAt, at) : run.completedAt,
    failed: run.failed || rules.endsInFailure(type),
    streaming: run.streaming || event.streaming,
    running: run.running || type === 'RUNNING',
    timeTravel: run.timeTravel || event.timeTravel,
    inputs: addInputs(run.inputs, event, at, rules),
    outputs: addOutputs(run.outputs, event, at, rules),
  };
}

function addInputs(
  before: readonly InputFacts[],
  event: RunEvent,
  at: number,
  rules: EvidenceRules,
): readonly InputFacts[] {
  const inputs = new Map(before.map((input) => [`${input.dataset} ${input.selector}`, input]));
  for (const mention of event.inputs) {
    if (rules.readsNoRows(mention)) continue;
    const dataset = datasetUrn(mention.dataset);
    const selector = selectorText(mention);
    const key = `${dataset} ${selector}`;
    const known = inputs.get(key) ?? {
      dataset,
      selector,
      atStart: null,
      later: null,
      scanned: [],
    };
    const stated = mention.version === null ? null : { at, version: mention.version };
    const start = event.eventType === 'START';
    inputs.set(key, {
      ...known,
      atStart: start ? earlier(known.atStart, stated) : known.atStart,
      later: start ? known.later : earlier(known.later, stated),
      scanned: union(known.scanned, mention.scanned),
    });
  }
  return sorted(inputs);
}

function addOutputs(
  before: readonly OutputFacts[],
  event: RunEvent,
  at: number,
  rules: EvidenceRules,
): readonly OutputFacts[] {
  const outputs = new Map(before.map((output) => [output.dataset, output]));
  for (const mention of event.outputs) {
    const dataset = datasetUrn(mention.dataset);
    const known = outputs.get(dataset) ?? {
      dataset,
      storageLayer: null,
      stated: [],
      columnSources: [],
    };
    const believed = mention.version !== null && rules.believesOutputVersion(event.eventType);
    outputs.set(dataset, {
      dataset,
      storageLayer: smallerText(known.storageLayer, mention.storageLayer),
      stated: believed
        ? addStatement(known.stated, { at, version: mention.version })
        : known.stated,
      columnSources: union(known.columnSources, mention.columnSources.map(datasetUrn)),
    });
  }
  return sorted(outputs);
}

function selectorText(mention: DatasetMention): string {
  if (mention.selector.kind === 'none') return '';
  return mention.selector.kind === 'snapshot' ? `snapshot:${mention.selector.version}` : 'other';
}

function addStatement(known: readonly Statement[], added: Statement): readonly Statement[] {
  const same = known.find((statement) => statement.version === added.version);
  const first = same !== undefined && same.at <= added.at ? same : added;
  return [...known.filter((statement) => statement !== same), first].sort((a, b) =>
    a.version < b.version ? -1 : 1,
  );
}

function earlier(a: Statement | null, b: Statement | null): Statement | null {
  if (a === null || b === null) return a ?? b;
  if (a.at !== b.at) return a.at < b.at ? a : b;
  return a.version <= b.version ? a : b;
}

function smallerText(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a <= b ? a : b;
}

function smallerNumber(a: number | null, b: number): number {
  return a === null ? b : Math.min(a, b);
}

function smallerJob(a: DatasetName, b: DatasetName): DatasetName {
  return JSON.stringify([a.namespace, a.name]) <= JSON.stringify([b.namespace, b.name]) ? a : b;
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

function sorted<Value>(byKey: ReadonlyMap<string, Value>): readonly Value[] {
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
