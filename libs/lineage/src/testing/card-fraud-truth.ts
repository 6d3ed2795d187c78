import type { TenantId } from '@countersign/kernel';
import { cardFraudNames, expectedCardFraud as expected } from './card-fraud-names.js';
import { edgeText, graphView } from './graph-view.js';
import type { LineageFixture } from './lineage-fixture.js';
import { wholeGraph } from './whole-graph.js';

/** Every edge that is true in the card-fraud session, and no other one. */
export function cardFraudTruth(): string[] {
  const edges: string[] = [];
  for (const [key, { dataset, inputs }] of Object.entries(expected.datasetVersions)) {
    for (const input of inputs) {
      const same = expected.datasetVersions[input]?.dataset === dataset;
      edges.push(edgeText(input, key, same ? 'continues' : null));
    }
  }
  for (const [version, { run, training, evaluation }] of Object.entries(expected.modelVersions)) {
    edges.push(edgeText(`run-${run}`, `card-fraud/${version}`));
    for (const data of training) edges.push(edgeText(data, `run-${run}`, 'training'));
    for (const data of evaluation) edges.push(edgeText(data, `run-${run}`, 'evaluation'));
  }
  return edges.sort();
}

/** How a projected graph differs from the truth; empty when it does not. */
export async function cardFraudFaults(
  fixture: LineageFixture,
  tenantId: TenantId,
): Promise<string[]> {
  const graph = await wholeGraph(fixture, tenantId);
  const view = graphView(graph, cardFraudNames);
  const truth = cardFraudTruth();
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const metadataReads = graph.edges.filter((edge) =>
    byId.get(edge.to)?.name.endsWith('.take_ordered_and_project'),
  );
  return [
    ...truth.filter((edge) => !view.edges.has(edge)).map((edge) => `missing: ${edge}`),
    ...[...view.edges].filter((edge) => !truth.includes(edge)).map((edge) => `false: ${edge}`),
    ...metadataReads.map((edge) => `metadata read as data: ${byId.get(edge.from)?.name ?? ''}`),
    ...graph.edges
      .filter((edge) => !byId.has(edge.from) || !byId.has(edge.to))
      .map((edge) => `dangling: ${edge.from} -> ${edge.to}`),
  ];
}
