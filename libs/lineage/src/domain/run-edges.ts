import type { OutputFacts, RunFacts } from './facts.js';
import { distinctEdges, NOTHING, type Derived, type DerivedEdge } from './derived.js';
import {
  bindInputs,
  openHints,
  poolInputs,
  type BoundInput,
  type Hint,
  type HintLookup,
} from './input-versions.js';
import { jobNode, runNode, versionUrn, type NodeRef } from './node-ref.js';
import { isAsSelect } from './operation.js';
import type { EvidenceRules } from './rules.js';
import { versionTopic } from './topics.js';
import type { BindingQuality } from './vocabulary.js';

/** What a write needs to know beyond its own runs. */
export interface WriteContext {
  /** True when a run of this write was the first to state that version. */
  readonly wrote: (version: string) => boolean;
  /** The version of the same dataset that was first stated before this one, or null. */
  readonly versionBefore: (version: string) => string | null;
  /** True when another append of the same application states that version too: a slow receiver blurs a burst. */
  readonly contested: (version: string) => boolean;
  readonly lookup: HintLookup;
}

/** The runs of one write, leader first, and the dataset that they write. */
export interface Write {
  readonly dataset: string;
  readonly members: readonly RunFacts[];
}

/** Every version that a run of this write states as its output. */
export function statedVersions(write: Write): string[] {
  const stated = outputsOf(write).flatMap((output) => output.stated);
  return [...new Set(stated.map((statement) => statement.version))].sort();
}

export function keepsVersionBefore(write: Write, rules: EvidenceRules): boolean {
  // The insert inside of a CREATE TABLE AS SELECT may be an append: to a table that is new.
  return (
    !write.members.some(isAsSelect) && write.members.some((run) => rules.keepsVersionBefore(run))
  );
}

/** Scan reports of these runs that only the known versions of the dataset can explain. */
export function hintsOf(runs: readonly RunFacts[], rules: EvidenceRules): Hint[] {
  return openHints(poolInputs(runs), rules);
}

/** Inputs → process → output, for the versions that this write may be believed to have made. */
export function deriveWrite(write: Write, context: WriteContext, rules: EvidenceRules): Derived {
  const [leader] = write.members;
  if (leader === undefined || write.members.some((run) => run.failed)) return NOTHING;
  const outputs = outputsOf(write);
  const versions = statedVersions(write).filter((version) => context.wrote(version));
  const done = write.members.some(
    (run) => run.completedAt !== null || (run.streaming && run.running),
  );
  if (versions.length === 0 && (!done || outputs.some((o) => rules.needsVersion(o)))) {
    return NOTHING;
  }
  const process = processNode(leader, write.dataset, rules);
  const reads = readsOf(write, context, rules).filter(
    (read) => read.dataset !== write.dataset || !isSelf(read, versions),
  );
  const keeps = keepsVersionBefore(write, rules);
  const edges: DerivedEdge[] = reads.map((read) =>
    keeps && read.dataset === write.dataset
      ? continues(process.urn, read)
      : readEdge(read, process.urn),
  );
  if (keeps && !reads.some((read) => read.dataset === write.dataset)) {
    for (const version of versions) {
      const before = context.versionBefore(version);
      if (before === null) continue;
      const kept = { dataset: write.dataset, version: before, binding: 'INFERRED' } as const;
      edges.push(continues(process.urn, kept));
    }
  }
  const wrote = (dst: string, binding: BindingQuality): void => {
    edges.push({ src: process.urn, dst, kind: 'WROTE', role: null, binding });
  };
  for (const version of versions) {
    const binding = context.contested(version) ? 'WEAK' : 'DECLARED';
    wrote(versionUrn(write.dataset, version), binding);
  }
  if (versions.length === 0) wrote(write.dataset, 'UNKNOWN');
  return {
    nodes: [jobNode(leader.job), process],
    edges: distinctEdges(edges),
    waitsFor: waiting(write.members, context.lookup, rules),
  };
}

/** What a completed run that writes nothing has read: version → run. */
export function deriveReads(run: RunFacts, lookup: HintLookup, rules: EvidenceRules): Derived {
  if (!onlyReads(run)) return NOTHING;
  const process = runNode(run, null);
  const edges = boundReads(run, lookup, rules).map((read) => readEdge(read, process.urn));
  if (edges.length === 0) return NOTHING;
  return {
    nodes: [jobNode(run.job), process],
    edges: distinctEdges(edges),
    waitsFor: waiting([run], lookup, rules),
  };
}

/** True for a run that completed, did not fail and names no output: a query, or data taken into memory. */
export function onlyReads(run: RunFacts): boolean {
  return !run.failed && run.completedAt !== null && run.outputs.length === 0;
}

/** The versions that a run which only reads has read. */
export function boundReads(
  run: RunFacts,
  lookup: HintLookup,
  rules: EvidenceRules,
): readonly BoundInput[] {
  const known = { outputs: new Set<string>(), timeTravel: run.timeTravel, lookup };
  return bindInputs(run.inputs, known, rules);
}

function outputsOf(write: Write): OutputFacts[] {
  return write.members.flatMap((run) => run.outputs.filter((o) => o.dataset === write.dataset));
}

function readsOf(write: Write, context: WriteContext, rules: EvidenceRules): BoundInput[] {
  const { members } = write;
  const reads = bindInputs(
    poolInputs(members),
    {
      outputs: new Set(members.flatMap((run) => run.outputs.map((output) => output.dataset))),
      timeTravel: members.some((run) => run.timeTravel),
      lookup: context.lookup,
    },
    rules,
  );
  const sources = outputsOf(write).flatMap((output) => rules.columnSources(output));
  // With several outputs, column lineage tells which of the inputs went into this one.
  const several = members.some((run) => run.outputs.length > 1);
  const own = several && sources.length > 0 ? new Set(sources) : null;
  const named = new Set(reads.map((read) => read.dataset));
  const added = sources.filter((source) => !named.has(source) && source !== write.dataset);
  return [
    ...reads.filter((read) => own === null || own.has(read.dataset)),
    ...added.map((dataset) => ({ dataset, version: null, binding: 'UNKNOWN' }) as const),
  ];
}

/** True when the dataset was read as what this write made of it, or nobody knows as what. */
function isSelf(read: BoundInput, versions: readonly string[]): boolean {
  return read.version === null || versions.includes(read.version);
}

function processNode(leader: RunFacts, dataset: string, rules: EvidenceRules): NodeRef {
  const own = rules.processOf(leader);
  return own === leader.runId ? runNode(leader, dataset) : runNode({ ...leader, runId: own }, null);
}

function readEdge(read: BoundInput, process: string): DerivedEdge {
  return { src: urnOf(read), dst: process, kind: 'READ', role: null, binding: read.binding };
}

function continues(process: string, kept: BoundInput): DerivedEdge {
  const { binding } = kept;
  return { src: urnOf(kept), dst: process, kind: 'CONTINUES', role: 'continues', binding };
}

/** The node of what was read: the version, or the dataset itself when no version is known. */
export function urnOf(read: BoundInput): string {
  return read.version === null ? read.dataset : versionUrn(read.dataset, read.version);
}

function waiting(runs: readonly RunFacts[], lookup: HintLookup, rules: EvidenceRules): string[] {
  const unsolved = hintsOf(runs, rules).filter((hint) => lookup(hint).length !== 1);
  return [...new Set(unsolved.map((hint) => versionTopic(hint.dataset)))].sort();
}
