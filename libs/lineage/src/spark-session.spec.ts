import type { TenantId } from '@countersign/kernel';
import { parseRunEvent } from './domain/run-event.js';
import { lineageProjector } from './projection/lineage.projector.js';
import { LineageFixture } from './testing/lineage-fixture.js';
import { naiveUnion } from './testing/naive-union.js';
import { wholeGraph } from './testing/whole-graph.js';
import { cardFraudSession, sparkModels, sparkSession } from './testing/sessions.js';
import { claimsOfGraph, compare, expectedSpark, trueEdges } from './testing/spark-truth.js';

describe('lineage of the Spark session', () => {
  const session = sparkSession();
  let fixture: LineageFixture;
  let acme: TenantId;

  beforeAll(async () => {
    fixture = await LineageFixture.open();
    acme = await fixture.tenant([...session.drafts, ...sparkModels()]);
    await fixture.project(acme, lineageProjector);
  });
  afterAll(() => fixture.end());

  it('reads every recorded event', () => {
    const recorded = [...session.drafts, ...cardFraudSession().drafts];
    const events = recorded.filter((draft) => draft.type === 'lineage.run_event');
    expect(events).toHaveLength(157 + 118);
    const unread = events.filter(
      (draft) => parseRunEvent(draft.evidence?.bytes ?? new Uint8Array()) === null,
    );
    expect(unread.map((draft) => draft.delivery)).toEqual([]);
  });

  it('finds at least 17 of the 20 true edges, and no false one', async () => {
    expect(session.drafts).toHaveLength(157);
    expect(trueEdges).toHaveLength(20);
    const { found, missed, wrong } = compare(claimsOfGraph(await wholeGraph(fixture, acme)));
    expect(wrong).toEqual([]);
    expect(found.length).toBeGreaterThanOrEqual(17);
    // Path-based Delta states no version, so that its append cannot be told from the table itself.
    expect(missed).toEqual(['delta_append: /data/warehouse/delta/cc_trx']);
  });

  it('has a comparison that catches a consumer that trusts its producer', () => {
    const naive = compare(naiveUnion(session));
    expect(naive.wrong.length).toBeGreaterThan(0);
    expect(naive.found.length).toBeLessThan(19);
  });

  it('proves nothing for a job that failed', async () => {
    const { nodes, edges } = await wholeGraph(fixture, acme);
    for (const { name } of expectedSpark.notWritten) {
      const ids = nodes.filter((node) => node.name === name).map((node) => node.id);
      expect(ids).not.toHaveLength(0);
      expect(edges.filter((edge) => ids.includes(edge.to))).toEqual([]);
    }
  });

  it('finds what each model was trained on, with a captured run id or without', async () => {
    const bindings = [];
    for (const { version, trainedOn } of expectedSpark.models) {
      const found = await fixture.read(acme, (tx) =>
        fixture.queries.trainingData(tx, { model: 'cc-fraud', version }),
      );
      expect(found.direct.map((node) => [node.name, node.version])).toEqual(
        trainedOn.map((data) => [data.name, data.version]),
      );
      const graph = await wholeGraph(fixture, acme);
      const [training] = found.direct;
      bindings.push(
        ...graph.edges
          .filter((edge) => edge.from === training?.id && edge.role === 'training')
          .map((edge) => edge.binding),
      );
    }
    expect([...new Set(bindings)].sort()).toEqual(['INFERRED', 'OBSERVED']);
  });
});
