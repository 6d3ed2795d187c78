import type { LeakRecord, LineageGraphRecord, LineageNodeRecord } from '@countersign/lineage';
import type { LineageGraph, LineageLeak, LineageNode } from './lineage.types.js';

/** Cost of a walk: it is bounded by its budget, not by a page. */
export const LINEAGE_COST = 300;

export function toNode(record: LineageNodeRecord): LineageNode {
  return {
    id: record.id,
    kind: record.kind,
    namespace: record.namespace,
    name: record.name,
    version: record.version,
    attributes: record.attributes,
    firstSequence: record.firstSequence,
  };
}

export function toGraph(record: LineageGraphRecord): LineageGraph {
  return {
    root: record.root,
    nodes: record.nodes.map(toNode),
    edges: [...record.edges],
    truncated: record.truncated,
    knownAtSequence: record.knownAtSequence,
  };
}

export function toLeak(record: LeakRecord): LineageLeak {
  return {
    evaluation: toNode(record.evaluation),
    training: toNode(record.training),
    path: record.path.map(toNode),
    certainty: record.certainty,
  };
}
