import { distinctEdges, type Derived, type DerivedEdge } from './derived.js';
import { externalNode, trackingRunNode, versionUrn, type NodeRef } from './node-ref.js';
import { aliasTopic, nodeTopic, tableAlias } from './topics.js';
import { resolveDatasets } from './tracked-versions.js';
import type { MatchedInput, TrackingContext } from './tracking-context.js';
import type { TrackedInput, TrackingRun } from './tracking-run.js';
import { worse, type BindingQuality, type EdgeRole } from './vocabulary.js';

/** Dataset versions → training run, each with its role and how well it is known. */
export function deriveTracking(run: TrackingRun, context: TrackingContext): Derived {
  const self = trackingRunNode(run.source, run.runId);
  const matched = run.inputs.map((input) => ({ input, dataset: match(input, context) }));
  const resolved = resolveDatasets(run, matched, context);
  const nodes: NodeRef[] = [self];
  const edges: DerivedEdge[] = [];
  const read = (src: string, role: EdgeRole | null, binding: BindingQuality): void => {
    edges.push({ src, dst: self.urn, kind: 'READ', role, binding });
  };
  for (const { input, dataset } of matched) {
    if (dataset === null) {
      const namespace = input.shared ? run.source : `${run.source}/${run.runId}`;
      const external = externalNode({ namespace, name: input.label });
      nodes.push(external);
      read(external.urn, input.role, 'UNKNOWN');
      continue;
    }
    const versions = resolved.get(`${dataset} ${input.role ?? ''}`) ?? [];
    for (const bound of versions) {
      read(versionUrn(dataset, bound.version), input.role, bound.binding);
    }
    if (versions.length > 0) continue;
    const stated = input.version === null ? null : versionUrn(dataset, input.version);
    read(stated !== null && context.isKnown(stated) ? stated : dataset, input.role, 'WEAK');
  }
  // Data that the run's own session took into memory without logging it: read, for nobody says what.
  const logged = new Set(matched.map((m) => m.dataset));
  for (const reads of context.joined.filter((r) => !logged.has(r.dataset))) {
    if (reads.version === null) read(reads.dataset, null, 'UNKNOWN');
    else read(versionUrn(reads.dataset, reads.version), null, worse('OBSERVED', reads.binding));
  }
  return { nodes, edges: distinctEdges(edges), waitsFor: topics(run, matched) };
}

/** By place, else by the most qualified table name that any dataset carries; null when several do. */
function match(input: TrackedInput, context: TrackingContext): string | null {
  if (input.dataset !== null && context.isKnown(input.dataset)) return input.dataset;
  for (const table of input.tables) {
    const found = context.datasetsOf(tableAlias(table));
    if (found.length === 1) return found[0] ?? null;
    if (found.length === 0) continue;
    // Two warehouses with a table of that name: only the reads can tell.
    const read = [...context.joined, ...context.nearby].map((reads) => reads.dataset);
    const candidates = found.filter((dataset) => read.includes(dataset));
    return candidates.length === 1 ? (candidates[0] ?? null) : null;
  }
  return null;
}

function topics(run: TrackingRun, matched: readonly MatchedInput[]): string[] {
  const waits = new Set<string>();
  for (const { input, dataset } of matched) {
    for (const table of input.tables) waits.add(aliasTopic(tableAlias(table)));
    if (input.dataset !== null) waits.add(nodeTopic(input.dataset));
    if (dataset === null) continue;
    if (run.snapshotTag !== null) waits.add(nodeTopic(versionUrn(dataset, run.snapshotTag)));
    if (input.version !== null) waits.add(nodeTopic(versionUrn(dataset, input.version)));
  }
  return [...waits].sort();
}
