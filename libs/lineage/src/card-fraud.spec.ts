import type { TenantId } from '@countersign/kernel';
import { lineageProjector } from './projection/lineage.projector.js';
import type { LineageNodeRecord } from './reads/records.js';
import { edgeText, graphView, type GraphView } from './testing/graph-view.js';
import { LineageFixture } from './testing/lineage-fixture.js';
import { cardFraudNames, expectedCardFraud as expected } from './testing/card-fraud-names.js';
import { cardFraudSession } from './testing/sessions.js';

describe('lineage of the card-fraud session', () => {
  let fixture: LineageFixture;
  let acme: TenantId;

  beforeAll(async () => {
    fixture = await LineageFixture.open();
    acme = await fixture.tenant(cardFraudSession().drafts);
    await fixture.project(acme, lineageProjector, [7, 20, 3, 50]);
  });
  afterAll(() => fixture.end());

  const version = (text: string) => ({ model: 'card-fraud', version: text });

  async function upstream(text: string): Promise<GraphView> {
    return fixture.read(acme, async (tx) => {
      const root = await fixture.queries.modelVersionNode(tx, version(text));
      const graph = await fixture.queries.lineage(tx, {
        root: root?.id ?? '',
        direction: 'UPSTREAM',
      });
      expect(graph.truncated).toBe(false);
      return graphView(graph, cardFraudNames);
    });
  }

  function holds(view: GraphView, part: (typeof expected.lineage)['upstreamOfVersion2']): void {
    const missing = part.nodes.map((node) => node.key).filter((key) => !view.keys.has(key));
    const forbidden = part.mustNotContain.filter((key) => view.keys.has(key));
    expect({ missing, forbidden }).toEqual({ missing: [], forbidden: [] });
    const edges = (part.edges ?? []).map((edge) => edgeText(edge.from, edge.to, edge.role));
    expect(edges.filter((edge) => !view.edges.has(edge))).toEqual([]);
  }

  it('finds everything that went into version 2, with its roles, and nothing else', async () => {
    const view = await upstream('2');
    const part = expected.lineage.upstreamOfVersion2;
    holds(view, part);
    const wanted = new Set(part.edges?.map((edge) => edgeText(edge.from, edge.to, edge.role)));
    expect([...view.edges].filter((edge) => !wanted.has(edge))).toEqual([]);
    expect([...view.keys].sort()).toEqual(
      [...part.nodes.map((node) => node.key), 'card-fraud/2'].sort(),
    );
  });

  it('finds version 1 by the snapshot tag, the table name and the times; day 2 is not in it', async () => {
    const view = await upstream('1');
    holds(view, expected.lineage.upstreamOfVersion1);
    expect(view.edges).toContain('cc_features@1 -> run-A (training)');
    expect(view.edges).toContain('cc_holdout@1 -> run-A (evaluation)');
  });

  it('finds what version 3 was trained on: the table that its own job wrote', async () => {
    const view = await upstream('3');
    for (const edge of [
      'cc_train_all@1 -> run-C (training)',
      'cc_holdout@1 -> run-C (evaluation)',
      'cc_features@2 -> cc_train_all@1',
      'cc_holdout@1 -> cc_train_all@1',
    ]) {
      expect(view.edges).toContain(edge);
    }
    expect(view.keys).not.toContain('cc_features@1');
    expect(view.edges).not.toContain('cc_train_all@1 -> cc_train_all@1');
  });

  it('finds what came of the first snapshot of the transactions, and never the held-out set', async () => {
    const view = await fixture.read(acme, async (tx) => {
      const trx = expected.datasetVersions['cc_trx@1']?.version ?? '';
      const page = await fixture.queries.nodes(tx, { text: trx }, { first: 5 });
      const [edge] = page.edges;
      expect(edge?.node.kind).toBe('DATASET_VERSION');
      const graph = await fixture.queries.lineage(tx, {
        root: edge?.node.id ?? '',
        direction: 'DOWNSTREAM',
      });
      return graphView(graph, cardFraudNames);
    });
    holds(view, expected.lineage.downstreamOfCcTrxSnapshot1);
  });

  it('says how well each binding is known', async () => {
    const graph = await fixture.read(acme, async (tx) => {
      const found: Record<string, string> = {};
      for (const text of ['1', '2', '3']) {
        const root = await fixture.queries.modelVersionNode(tx, version(text));
        const { nodes, edges } = await fixture.queries.lineage(tx, {
          root: root?.id ?? '',
          direction: 'UPSTREAM',
        });
        const byId = new Map(nodes.map((node) => [node.id, cardFraudNames(node)]));
        for (const edge of edges.filter((e) => e.role === 'training' || e.role === 'evaluation')) {
          found[`${byId.get(edge.from) ?? ''} ${byId.get(edge.to) ?? ''}`] = edge.binding;
        }
      }
      return found;
    });
    expect(graph).toEqual({
      'cc_features@1 run-A': 'INFERRED',
      'cc_holdout@1 run-A': 'INFERRED',
      'cc_features@2 run-B': 'OBSERVED',
      'cc_holdout@1 run-B': 'OBSERVED',
      'cc_train_all@1 run-C': 'OBSERVED',
      'cc_holdout@1 run-C': 'OBSERVED',
    });
  });

  it('keeps training and evaluation data apart', async () => {
    const part = expected.lineage.upstreamOfVersion2;
    const keys = (nodes: readonly LineageNodeRecord[]): string[] =>
      nodes.flatMap((node) => cardFraudNames(node) ?? []).sort();
    const { training, evaluation } = await fixture.read(acme, async (tx) => ({
      training: await fixture.queries.trainingData(tx, version('2')),
      evaluation: await fixture.queries.evaluationData(tx, version('2')),
    }));
    expect(keys(training.closure)).toEqual([...(part.trainingOnly ?? [])].sort());
    expect(keys(evaluation.closure)).toEqual([...(part.evaluationOnly ?? [])].sort());
    expect(keys(training.direct)).toEqual(['cc_features@2']);
  });

  it('finds that version 3 was trained on its own evaluation data, and that 1 and 2 were not', async () => {
    const leaks = await fixture.read(acme, async (tx) => ({
      '1': await fixture.queries.leaks(tx, version('1')),
      '2': await fixture.queries.leaks(tx, version('2')),
      '3': await fixture.queries.leaks(tx, version('3')),
    }));
    for (const safe of expected.lineage.leak.notLeaking) {
      expect(leaks[safe as '1' | '2']).toEqual([]);
    }
    const known = expected.lineage.leak.leaking['3'];
    expect(leaks['3']).toHaveLength(1);
    const [leak] = leaks['3'];
    expect(leak?.certainty).toBe('definite');
    expect(leak && cardFraudNames(leak.evaluation)).toBe(known.evaluation);
    expect(leak && cardFraudNames(leak.training)).toBe(known.training);
    expect(leak?.path.flatMap((node) => cardFraudNames(node) ?? [])).toEqual(known.path);
  });
});
