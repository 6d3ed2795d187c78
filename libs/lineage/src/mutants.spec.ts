import type { TenantId } from '@countersign/kernel';
import { EVIDENCE_RULES, type EvidenceRules } from './domain/rules.js';
import { createLineageProjector } from './projection/lineage.projector.js';
import { cardFraudFaults } from './testing/card-fraud-truth.js';
import { LineageFixture } from './testing/lineage-fixture.js';
import { cardFraudSession, sparkSession } from './testing/sessions.js';
import { claimsOfGraph, compare } from './testing/spark-truth.js';
import { wholeGraph } from './testing/whole-graph.js';

/** Each rule is broken once; the recordings must notice. Rules that they cannot judge: run-edges.spec.ts. */
describe('a lineage that breaks a rule', () => {
  let fixture: LineageFixture;
  let cardFraud: TenantId;
  let spark: TenantId;

  beforeAll(async () => {
    fixture = await LineageFixture.open();
    cardFraud = await fixture.tenant(cardFraudSession().drafts);
    spark = await fixture.tenant(sparkSession().drafts);
  });
  afterAll(() => fixture.end());

  async function cardFraudUnder(broken: Partial<EvidenceRules>): Promise<string[]> {
    await fixture.rebuild(cardFraud, createLineageProjector({ ...EVIDENCE_RULES, ...broken }));
    return cardFraudFaults(fixture, cardFraud);
  }

  async function sparkUnder(broken: Partial<EvidenceRules>): Promise<readonly string[]> {
    await fixture.rebuild(spark, createLineageProjector({ ...EVIDENCE_RULES, ...broken }));
    return compare(claimsOfGraph(await wholeGraph(fixture, spark))).wrong;
  }

  it('has no fault when nothing is broken', async () => {
    expect(await cardFraudUnder({})).toEqual([]);
    expect(await sparkUnder({})).toEqual([]);
  });

  it('believes a stale claim: an old model looks trained on new data', async () => {
    expect(await cardFraudUnder({ wrote: () => true })).toContain(
      'false: cc_trx@2 -> cc_features@1',
    );
  });

  it('keeps reads of metadata tables', async () => {
    const faults = await cardFraudUnder({ readsNoRows: () => false });
    expect(faults).toContain('metadata read as data: /data/warehouse/lake/bank/cc_features');
  });

  it('forgets that an append keeps the version before', async () => {
    expect(await cardFraudUnder({ keepsVersionBefore: () => false })).toEqual([
      'missing: cc_trx@1 -> cc_trx@2 (continues)',
    ]);
  });

  it('merges the runs of an application: data runs in circles', async () => {
    const faults = await cardFraudUnder({ processOf: (run) => run.parentRunId ?? run.runId });
    expect(faults).toContain('false: cc_trx_holdout.csv -> cc_features@1');
  });

  it('believes COMPLETE after FAIL from a store that names no version', async () => {
    const wrong = await sparkUnder({ needsVersion: () => false, endsInFailure: () => false });
    expect(wrong.some((edge) => edge.includes('never_written'))).toBe(true);
  });

  it('takes the version facet for what was read: time travel reads the present', async () => {
    const wrong = await sparkUnder({
      pinnedVersion: () => null,
      scanReports: () => [],
      believesInputFacet: () => true,
    });
    expect(wrong.filter((edge) => /avg_day1|max_day1/.test(edge))).toHaveLength(2);
  });
});
