import type { LineageGraphRecord } from '../reads/records.js';
import { jsonOf } from './sessions.js';

interface DatasetVersion {
  readonly namespace: string;
  readonly name: string;
  readonly version: string | null;
}

interface Expected {
  readonly edges: readonly {
    readonly step: string;
    readonly output: DatasetVersion;
    readonly inputs: readonly DatasetVersion[];
  }[];
  readonly notWritten: readonly { readonly name: string }[];
  readonly models: readonly {
    readonly version: string;
    readonly trainedOn: readonly DatasetVersion[];
  }[];
}

export const expectedSpark = jsonOf<Expected>('spark-session', 'expected.json');

/** One true edge: a dataset version that went into another one. */
interface TrueEdge {
  readonly step: string;
  readonly from: DatasetVersion;
  readonly to: DatasetVersion;
}

export const trueEdges: readonly TrueEdge[] = expectedSpark.edges.flatMap(
  ({ step, output, inputs }) => inputs.map((from) => ({ step, from, to: output })),
);

/** A dataset edge that a graph claims; a null version claims the dataset and no version of it. */
export interface ClaimedEdge {
  readonly from: Pick<DatasetVersion, 'name' | 'version'>;
  readonly to: Pick<DatasetVersion, 'name' | 'version'>;
}

export interface Comparison {
  /** Steps and inputs of true edges that some claim matches. */
  readonly found: readonly string[];
  readonly missed: readonly string[];
  /** Claims that match no true edge. */
  readonly wrong: readonly string[];
}

/** A stated version must be the true one; a claim without a version may stand for any version of that dataset. */
export function compare(claims: readonly ClaimedEdge[]): Comparison {
  const agrees = (claim: ClaimedEdge['from'], truth: DatasetVersion): boolean =>
    claim.name === truth.name && (claim.version === null || claim.version === truth.version);
  const matches = (claim: ClaimedEdge, truth: TrueEdge): boolean =>
    agrees(claim.from, truth.from) && agrees(claim.to, truth.to);
  const label = (edge: TrueEdge): string => `${edge.step}: ${edge.from.name}`;
  const found = trueEdges.filter((truth) => claims.some((claim) => matches(claim, truth)));
  return {
    found: found.map(label),
    missed: trueEdges.filter((truth) => !found.includes(truth)).map(label),
    wrong: claims
      .filter((claim) => !trueEdges.some((truth) => matches(claim, truth)))
      .map(({ from, to }) => `${text(from)} -> ${text(to)}`)
      .sort(),
  };
}

function text(end: ClaimedEdge['from']): string {
  return `${end.name}@${end.version ?? '?'}`;
}

/** The dataset edges of a graph: every input of a run with every output of it. */
export function claimsOfGraph(graph: Pick<LineageGraphRecord, 'nodes' | 'edges'>): ClaimedEdge[] {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const claims = new Map<string, ClaimedEdge>();
  for (const wrote of graph.edges.filter((edge) => edge.kind === 'WROTE')) {
    for (const read of graph.edges.filter((edge) => edge.to === wrote.from)) {
      const from = byId.get(read.from);
      const to = byId.get(wrote.to);
      if (from === undefined || to === undefined) continue;
      claims.set(`${from.urn} ${to.urn}`, { from, to });
    }
  }
  return [...claims.values()];
}
