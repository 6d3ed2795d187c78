import {
  codeOf,
  MODEL,
  PromotionFixture,
  SOURCE,
  type Story,
} from './testing/promotion-fixture.js';
import { PolicyBook, readPolicy } from './policy-book.js';

const STRICT = `name: strict
version: 1
tiers:
  - name: all
    targets: ['alias:*', 'stage:*']
    quorum: { role: approver, approvals: 3 }
    requestTtlSeconds: 3600
    permitTtlSeconds: 60
    driftSeverity: critical
`;

describe('governModel', () => {
  let fixture: PromotionFixture;
  let story: Story;
  beforeAll(async () => {
    fixture = await PromotionFixture.open();
  });
  beforeEach(async () => {
    story = await fixture.tenant();
  });
  afterAll(() => fixture.end());

  it('begins where its entry stands, by the model’s owner', async () => {
    const outcome = await fixture.service.governModel(story.people.mona, { model: MODEL });
    const [entry] = await story.log('governance.started');
    expect(outcome).toMatchObject({
      kind: 'governed',
      governance: { source: SOURCE, policy: 'default', sinceSequence: entry?.sequence },
    });
    expect(entry?.payload['data']).toMatchObject({
      decision: { allowed: true, action: 'promotion.execute', object: `model/${MODEL}` },
    });
  });

  it('answers the same again without another entry', async () => {
    await fixture.service.governModel(story.people.mona, { model: MODEL });
    await fixture.service.governModel(story.people.tara, { model: MODEL });
    expect(await story.log('governance.started')).toHaveLength(1);
  });

  it('is denied to an approver, and the denial is in the ledger', async () => {
    const outcome = await fixture.service.governModel(story.people.abel, { model: MODEL });
    expect(codeOf(outcome)).toBe('POLICY_DENIED');
    expect(await story.said('promotion.refused')).toMatchObject([
      { command: 'governModel', code: 'POLICY_DENIED', model: MODEL },
    ]);
  });

  it('refuses a model that does not exist, and a policy that is not installed', async () => {
    const unknown = await fixture.service.governModel(story.people.tara, { model: 'nothing' });
    expect(codeOf(unknown)).toBe('UNKNOWN_MODEL_VERSION');
    const policy = await fixture.service.governModel(story.people.tara, {
      model: MODEL,
      policy: 'nothing',
    });
    expect(codeOf(policy)).toBe('GATE_FAILED');
    expect(await story.log('promotion.refused')).toHaveLength(2);
  });

  it('lets only who may propose policy move a governed model to another one', async () => {
    const defaults = fixture.book.find('default');
    if (defaults === null) throw new Error('no default policy');
    const book = new PolicyBook([defaults, readPolicy('strict.yaml', STRICT)]);
    const service = fixture.serviceOn(fixture.test.database, { book });
    await service.governModel(story.people.mona, { model: MODEL });
    const owner = await service.governModel(story.people.mona, { model: MODEL, policy: 'strict' });
    expect(codeOf(owner)).toBe('POLICY_DENIED');
    const admin = await service.governModel(story.people.tara, { model: MODEL, policy: 'strict' });
    expect(admin).toMatchObject({ kind: 'governed', governance: { policy: 'strict' } });
  });

  it('makes open requests stale when the policy they were made under changes', async () => {
    const { id } = await story.request();
    const text = STRICT.replace('name: strict', 'name: default');
    const book = new PolicyBook([readPolicy('default.yaml', text)]);
    const service = fixture.serviceOn(fixture.test.database, { book });
    const outcome = await service.castVote(story.people.abel, {
      requestId: id,
      decision: 'APPROVE',
      role: 'approver',
      rowVersion: 0,
    });
    expect(codeOf(outcome)).toBe('STALE');
    expect((await story.said('promotion.stale'))[0]?.['differences']).toContain('policyVersion');
  });
});
