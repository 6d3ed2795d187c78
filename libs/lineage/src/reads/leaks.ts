import type { LeakRecord, LineageEdgeRecord, LineageNodeRecord } from './records.js';

/** The ancestry of one model version, and which nodes its runs read in which role. */
export interface RoleGraph {
  readonly root: string;
  readonly nodes: ReadonlyMap<string, LineageNodeRecord>;
  readonly edges: readonly LineageEdgeRecord[];
  readonly training: readonly string[];
  readonly evaluation: readonly string[];
}

/**
 * A leak: an evaluation dataset version that is a training version of the same model version, or an ancestor of
 * one. An ancestor that both merely share (a customer table) is none. Data known by name only can be no more than
 * a possible leak: of the training data's ancestry it may be another version.
 */
export function findLeaks(graph: RoleGraph): LeakRecord[] {
  const parents = new Map<string, string[]>();
  for (const { from, to } of graph.edges) parents.set(to, [...(parents.get(to) ?? []), from]);
  const leaks: LeakRecord[] = [];
  for (const training of graph.training) {
    const next = descent(training, parents);
    for (const evaluation of graph.evaluation) {
      const held = heldIn(evaluation, next, graph);
      if (held === null) continue;
      const path = [...pathFrom(held.id, training, next), ...toRoot(training, graph)];
      leaks.push({
        evaluation: record(graph, evaluation),
        training: record(graph, training),
        path: path.map((id) => record(graph, id)),
        certainty: held.certainty,
      });
    }
  }
  return leaks;
}

/** Breadth-first from the training data up: each ancestor with the node below it on a shortest path. */
function descent(
  training: string,
  parents: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, string> {
  const next = new Map([[training, training]]);
  const queue = [training];
  // The loop also sees what it appends: an array's iterator asks for the length at each step.
  for (const at of queue) {
    for (const parent of parents.get(at) ?? []) {
      if (next.has(parent)) continue;
      next.set(parent, at);
      queue.push(parent);
    }
  }
  return next;
}

function heldIn(
  evaluation: string,
  ancestry: ReadonlyMap<string, string>,
  graph: RoleGraph,
): { readonly id: string; readonly certainty: LeakRecord['certainty'] } | null {
  const kind = graph.nodes.get(evaluation)?.kind;
  if (ancestry.has(evaluation)) {
    return { id: evaluation, certainty: kind === 'DATASET_VERSION' ? 'definite' : 'possible' };
  }
  if (kind === 'DATASET_VERSION') return null;
  for (const id of ancestry.keys()) {
    if (graph.nodes.get(id)?.attributes['container'] === evaluation) {
      return { id, certainty: 'possible' };
    }
  }
  return null;
}

function pathFrom(start: string, end: string, next: ReadonlyMap<string, string>): string[] {
  const path = [start];
  for (let at = start; at !== end;) {
    at = next.get(at) ?? end;
    path.push(at);
  }
  return path;
}

/** The training run that read the data, and the model version. */
function toRoot(training: string, graph: RoleGraph): string[] {
  const read = graph.edges.find((edge) => edge.from === training && edge.role === 'training');
  return read === undefined ? [graph.root] : [read.to, graph.root];
}

function record(graph: RoleGraph, id: string): LineageNodeRecord {
  const found = graph.nodes.get(id);
  if (found === undefined) throw new RangeError(`node ${id} is not part of the graph`);
  return found;
}
