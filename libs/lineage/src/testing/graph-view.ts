import type { LineageGraphRecord, LineageNodeRecord } from '../reads/records.js';

/** A graph in the words of an expected.json: `cc_trx@2`, `run-B`, `card-fraud/2`, `customers.csv`. */
export interface GraphView {
  readonly keys: ReadonlySet<string>;
  /** `from -> to` or `from -> to (role)`, with the runs of jobs in between left out. */
  readonly edges: ReadonlySet<string>;
}

/** Names a node as the expectation does; null for one that it does not name. */
export type NameOf = (node: LineageNodeRecord) => string | null;

/** Contracts the runs that the expectation does not name, so that data meets data. */
export function graphView(
  graph: Pick<LineageGraphRecord, 'nodes' | 'edges'>,
  nameOf: NameOf,
): GraphView {
  const names = new Map(graph.nodes.map((node) => [node.id, nameOf(node)]));
  const keys = new Set([...names.values()].filter((name) => name !== null));
  const into = new Map<string, { name: string; role: string | null }[]>();
  for (const edge of graph.edges) {
    const from = names.get(edge.from) ?? null;
    if (from === null || (names.get(edge.to) ?? null) !== null) continue;
    into.set(edge.to, [...(into.get(edge.to) ?? []), { name: from, role: edge.role }]);
  }
  const edges = new Set<string>();
  for (const edge of graph.edges) {
    const to = names.get(edge.to) ?? null;
    if (to === null) continue;
    const from = names.get(edge.from) ?? null;
    const sources = from === null ? (into.get(edge.from) ?? []) : [{ name: from, role: edge.role }];
    for (const { name, role } of sources) edges.add(edgeText(name, to, role));
  }
  return { keys, edges };
}

export function edgeText(from: string, to: string, role?: string | null): string {
  return `${from} -> ${to}${role === undefined || role === null ? '' : ` (${role})`}`;
}
