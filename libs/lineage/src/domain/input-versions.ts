import type { InputFacts, RunFacts } from './facts.js';
import type { EvidenceRules } from './rules.js';
import type { BindingQuality } from './vocabulary.js';

/** One version of a dataset that a run read; null: it read the dataset, and nobody can say which version. */
export interface BoundInput {
  readonly dataset: string;
  readonly version: string | null;
  readonly binding: BindingQuality;
}

/** A rounded snapshot id of a dataset whose exact form no facet of the run tells. */
export interface Hint {
  readonly dataset: string;
  readonly rounded: string;
}

/** The known versions of a dataset that round to the hint. */
export type HintLookup = (hint: Hint) => readonly string[];

/** Unites what several runs of one write said about their inputs. */
export function poolInputs(runs: readonly RunFacts[]): InputFacts[] {
  const pooled = new Map<string, InputFacts>();
  for (const input of runs.flatMap((run) => run.inputs)) {
    const key = `${input.dataset} ${input.selector}`;
    const known = pooled.get(key);
    pooled.set(key, known === undefined ? input : unite(known, input));
  }
  return [...pooled.values()];
}

function unite(a: InputFacts, b: InputFacts): InputFacts {
  return {
    ...a,
    atStart: first(a.atStart, b.atStart),
    later: first(a.later, b.later),
    scanned: [...new Set([...a.scanned, ...b.scanned])].sort(),
  };
}

function first(a: InputFacts['atStart'], b: InputFacts['atStart']): InputFacts['atStart'] {
  if (a === null || b === null) return a ?? b;
  if (a.at !== b.at) return a.at < b.at ? a : b;
  return a.version <= b.version ? a : b;
}

/** Scan reports that no facet of the same input explains: only the dataset's known versions can. */
export function openHints(inputs: readonly InputFacts[], rules: EvidenceRules): Hint[] {
  return inputs.flatMap((input) =>
    rules
      .scanReports(input.scanned)
      .filter((rounded) => exactOf(input, rounded) === null)
      .map((rounded) => ({ dataset: input.dataset, rounded })),
  );
}

/**
 * The versions that were read, by rank of evidence: asked for by snapshot id, then scan report, then the facet of a
 * START, then any later facet. A dataset of which some version is known is not listed as unknown besides.
 */
export function bindInputs(
  inputs: readonly InputFacts[],
  known: {
    readonly outputs: ReadonlySet<string>;
    readonly timeTravel: boolean;
    readonly lookup: HintLookup;
  },
  rules: EvidenceRules,
): BoundInput[] {
  const bound = inputs.flatMap((input) => bindInput(input, known, rules));
  const exact = new Set(bound.filter((b) => b.version !== null).map((b) => b.dataset));
  return bound.filter((b) => b.version !== null || !exact.has(b.dataset));
}

function bindInput(
  input: InputFacts,
  known: Parameters<typeof bindInputs>[1],
  rules: EvidenceRules,
): BoundInput[] {
  const { dataset } = input;
  const unknown: BoundInput = { dataset, version: null, binding: 'UNKNOWN' };
  const pinned = rules.pinnedVersion(input.selector);
  if (pinned !== null) return [{ dataset, version: pinned, binding: 'OBSERVED' }];
  const reports = rules.scanReports(input.scanned);
  if (reports.length > 0) {
    return reports.map((rounded): BoundInput => {
      const exact = exactOf(input, rounded) ?? only(known.lookup({ dataset, rounded }));
      return exact === null ? unknown : { dataset, version: exact, binding: 'OBSERVED' };
    });
  }
  if (!rules.believesInputFacet(input.selector, known.timeTravel)) return [unknown];
  if (input.atStart !== null) {
    return [{ dataset, version: input.atStart.version, binding: 'DECLARED' }];
  }
  const alsoOutput = known.outputs.has(dataset);
  if (input.later !== null && rules.believesLateInput(alsoOutput)) {
    return [{ dataset, version: input.later.version, binding: 'INFERRED' }];
  }
  return [unknown];
}

/** The stated version that rounds to the reported id. */
function exactOf(input: InputFacts, rounded: string): string | null {
  const stated = [input.atStart, input.later].find(
    (statement) => statement !== null && roundsTo(statement.version, rounded),
  );
  return stated?.version ?? null;
}

/** True when the version, as a double, is the reported number: what the producer did to it. */
export function roundsTo(version: string, rounded: string): boolean {
  return /^-?\d{1,20}$/.test(version) && Number(version) === Number(rounded);
}

function only(versions: readonly string[]): string | null {
  return versions.length === 1 ? (versions[0] ?? null) : null;
}
