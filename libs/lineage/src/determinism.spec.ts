import type { TenantId } from '@countersign/kernel';
import fc from 'fast-check';
import { lineageProjector } from './projection/lineage.projector.js';
import { cardFraudFaults } from './testing/card-fraud-truth.js';
import { LineageFixture } from './testing/lineage-fixture.js';
import { cardFraudSession, sparkModels, sparkSession } from './testing/sessions.js';
import { wholeGraph } from './testing/whole-graph.js';

describe('the lineage projection', () => {
  let fixture: LineageFixture;

  beforeAll(async () => {
    fixture = await LineageFixture.open();
  });
  afterAll(() => fixture.end());

  it('gives the same rows for batches of any size, and after a rebuild', async () => {
    const tenantId = await fixture.tenant(cardFraudSession().drafts);
    await fixture.project(tenantId, lineageProjector, [1]);
    const oneByOne = await fixture.rows(tenantId);
    expect(oneByOne['lineage_edge']?.length).toBeGreaterThan(30);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        async (sizes) => {
          await fixture.rebuild(tenantId, lineageProjector, sizes);
          expect(await fixture.rows(tenantId)).toEqual(oneByOne);
        },
      ),
      { numRuns: 3 },
    );
  });

  it('has a comparison of rows that sees a difference', async () => {
    const tenantId = await fixture.tenant(sparkSession().drafts.slice(0, 40));
    await fixture.project(tenantId, lineageProjector);
    const before = await fixture.rows(tenantId);
    await fixture.test.asOwner(
      `UPDATE lineage_edge SET binding = 'WEAK' WHERE tenant_id = $1 AND kind = 'CONTINUES'`,
      [tenantId],
    );
    expect(await fixture.rows(tenantId)).not.toEqual(before);
  });

  it('ends in the same graph whatever the order of arrival, once everything has arrived', async () => {
    const card = cardFraudSession().drafts;
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...card], { minLength: card.length }), async (late) => {
        const tenantId = await fixture.tenant(late);
        await fixture.project(tenantId, lineageProjector);
        expect(await cardFraudFaults(fixture, tenantId)).toEqual([]);
      }),
      { numRuns: 2 },
    );
  });

  it('ends in the same bindings whatever the order of arrival', async () => {
    const drafts = [...sparkSession().drafts, ...sparkModels()];
    const inOrder = await graphOf(drafts);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(drafts, { minLength: drafts.length }), async (late) => {
        expect(await graphOf(late)).toEqual(inOrder);
      }),
      { numRuns: 2 },
    );
  });

  async function graphOf(drafts: ReturnType<typeof sparkModels>): Promise<string[]> {
    const tenantId: TenantId = await fixture.tenant(drafts);
    await fixture.project(tenantId, lineageProjector);
    const { nodes, edges } = await wholeGraph(fixture, tenantId);
    const urns = new Map(nodes.map((node) => [node.id, node.urn]));
    return edges
      .map((edge) =>
        [urns.get(edge.from), urns.get(edge.to), edge.kind, edge.role, edge.binding].join(' '),
      )
      .sort();
  }
});
