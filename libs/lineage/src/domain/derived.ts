import type { NodeRef } from './node-ref.js';
import { better, type BindingQuality, type EdgeKind, type EdgeRole } from './vocabulary.js';

/** An edge between URNs. */
export interface DerivedEdge {
  readonly src: string;
  readonly dst: string;
  readonly kind: EdgeKind;
  readonly role: EdgeRole | null;
  readonly binding: BindingQuality;
}

/** What follows from the facts of one unit of the graph, as known now. */
export interface Derived {
  /** Nodes that the edges need and that no event names by itself. */
  readonly nodes: readonly NodeRef[];
  readonly edges: readonly DerivedEdge[];
  /** Topics that would change the answer once something is said about them. */
  readonly waitsFor: readonly string[];
}

export const NOTHING: Derived = { nodes: [], edges: [], waitsFor: [] };

/** Edges once each, with the better binding where two ways lead to the same one. */
export function distinctEdges(edges: readonly DerivedEdge[]): DerivedEdge[] {
  const found = new Map<string, DerivedEdge>();
  for (const edge of edges) {
    const key = [edge.src, edge.dst, edge.kind, edge.role ?? ''].join(' ');
    const known = found.get(key);
    const binding = known === undefined ? edge.binding : better(known.binding, edge.binding);
    found.set(key, { ...edge, binding });
  }
  return [...found.values()];
}
