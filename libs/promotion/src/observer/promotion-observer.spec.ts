import {
  done,
  MODEL,
  PromotionFixture,
  SOURCE,
  TARGET,
  type Story,
} from '../testing/promotion-fixture.js';

describe('the promotion observer', () => {
  let fixture: PromotionFixture;
  let story: Story;
  beforeAll(async () => {
    fixture = await PromotionFixture.open();
  });
  beforeEach(async () => {
    story = await fixture.tenant();
    fixture.writer.answer = () => Promise.resolve({ outcome: 'not_connected' });
  });
  afterAll(() => fixture.end());

  const moves = async (version: string, more: object = {}) => {
    const sequence = await story.says('model_alias.set', { alias: 'champion', version }, more);
    await story.follow();
    return sequence;
  };
  const govern = async () => {
    const outcome = await fixture.service.governModel(story.people.mona, { model: MODEL });
    expect(outcome.kind).toBe('governed');
    await story.follow();
  };
  const drifts = (open?: boolean) =>
    fixture.test.database
      .read(story.tenantId, (tx) => fixture.queries.drifts(tx, { model: MODEL, open }, {}))
      .then((page) => page.edges.map((edge) => edge.node));

  it('verifies a request when its change is reported after the execution', async () => {
    await govern();
    const { id } = await story.approved();
    expect(done(await story.command('mona', 'execute', id)).state).toBe('EXECUTING');
    const cause = await moves('2');
    expect((await story.read(id)).state).toBe('VERIFIED');
    expect(await story.said('promotion.executed', 'promotion.verified')).toMatchObject([
      { requestId: id, state: 'EXECUTED', cause: String(cause) },
      { requestId: id, state: 'VERIFIED', cause: String(cause) },
    ]);
    expect(await drifts()).toEqual([]);
  });

  it('verifies it when the report comes before the registry’s answer, exactly once', async () => {
    await govern();
    const { id } = await story.approved();
    fixture.writer.answer = async () => {
      await moves('2');
      return { outcome: 'applied' };
    };
    expect(done(await story.command('mona', 'execute', id)).state).toBe('VERIFIED');
    await story.follow();
    expect((await story.log('promotion.verified')).length).toBe(1);
    expect((await story.log('promotion.applied')).length).toBe(1);
    expect(await drifts()).toEqual([]);
  });

  it('keeps a request verified when the registry did it but the answer was lost', async () => {
    const { id } = await story.approved();
    fixture.writer.answer = async () => {
      await moves('2');
      return { outcome: 'failed', detail: 'timeout' };
    };
    expect(done(await story.command('mona', 'execute', id)).state).toBe('VERIFIED');
  });

  it('verifies a request that the registry reported as failed, when the change shows later', async () => {
    const { id } = await story.approved();
    fixture.writer.answer = () => Promise.resolve({ outcome: 'failed', detail: 'timeout' });
    expect(done(await story.command('mona', 'execute', id)).state).toBe('FAILED');
    await moves('2');
    expect((await story.read(id)).state).toBe('VERIFIED');
  });

  it('verifies an approved request that somebody else carried out under the permit, and uses it up', async () => {
    await govern();
    const { id } = await story.approved();
    await moves('2');
    expect((await story.read(id)).state).toBe('VERIFIED');
    const permit = await fixture.test.database.read(story.tenantId, (tx) =>
      fixture.queries.permit(tx, id),
    );
    expect(permit).toMatchObject({ token: null, consumedAt: expect.any(Date) });
  });

  it('finds the same move as drift once the permit has expired', async () => {
    await govern();
    const { id } = await story.approved();
    fixture.later(601_000);
    await moves('2');
    expect((await story.read(id)).state).toBe('APPROVED');
    expect(await drifts(true)).toHaveLength(1);
  });

  it('finds a move before the approval as drift: the ledger’s order decides', async () => {
    await govern();
    const { id } = await story.request();
    await story.vote('abel', id);
    await story.says('model_alias.set', { alias: 'champion', version: '2' });
    // The mirror has not followed yet, so the last vote still sees the pinned holder.
    done(await story.vote('beth', id));
    await story.follow();
    expect((await story.read(id)).state).toBe('APPROVED');
    expect(await drifts(true)).toHaveLength(1);
  });

  it('finds a move without a request as drift, with interval, severity and the actor as known', async () => {
    await govern();
    const cause = await moves('3');
    const [entry] = await story.log('drift.detected');
    const moved = (await story.log('model_alias.set')).at(-1);
    expect(entry?.payload['data']).toMatchObject({
      model: MODEL,
      source: SOURCE,
      target: TARGET,
      kind: 'unapproved',
      from: '1',
      to: '3',
      severity: 'high',
      actor: { id: 'unknown' },
      cause: String(cause),
      interval: {
        earliest: moved?.occurredAt.toISOString(),
        latest: moved?.occurredAt.toISOString(),
      },
    });
    expect(await drifts(true)).toMatchObject([
      { approvedVersion: '1', observedVersions: ['3'], causeSequence: cause },
    ]);
  });

  it('lets a target that the policy leaves free be moved, beside one that it does not', async () => {
    await govern();
    await story.says('model_alias.set', { alias: 'challenger', version: '2' });
    await story.says('model_alias.set', { alias: 'challenger', version: '3' });
    await story.follow();
    expect(await drifts()).toEqual([]);
    await moves('3');
    expect(await drifts(true)).toMatchObject([{ target: TARGET }]);
  });

  it('does not name who read a state back as who made it', async () => {
    await govern();
    await story.says(
      'model_version.observed',
      {
        version: '3',
        runId: null,
        sourceUri: null,
        stage: 'Production',
        status: 'READY',
        description: null,
        tags: [],
        aliases: [],
        createdAtMs: null,
        readFor: '0',
      },
      { actor: { id: 'system:countersign', kind: 'system', basis: 'authenticated' } },
    );
    await story.follow();
    expect(await story.said('drift.detected')).toMatchObject([
      { target: 'stage:Production', to: '3', actor: { id: 'unknown' } },
    ]);
  });

  it('says what was set before governance is history, and drift only what comes after', async () => {
    await moves('3');
    await govern();
    expect(await drifts()).toEqual([]);
    await moves('1');
    expect(await drifts(true)).toMatchObject([{ approvedVersion: '3', observedVersions: ['1'] }]);
  });

  it('does not judge a model that nobody governs', async () => {
    await moves('3');
    expect(await story.log('drift.*')).toEqual([]);
  });

  it('resolves a drift when the target returns to the approved version', async () => {
    await govern();
    const { id } = await story.approved();
    done(await story.command('mona', 'execute', id));
    await moves('2');
    const detected = await moves('3');
    const resolved = await moves('2');
    expect(await drifts()).toMatchObject([
      { causeSequence: detected, resolvedBySequence: resolved },
    ]);
    expect(await story.said('drift.*')).toMatchObject([
      { from: '2', to: '3' },
      { approved: ['2'], how: 'returned', cause: String(resolved) },
    ]);
  });

  it('resolves a drift by approving what is there', async () => {
    await govern();
    await moves('3');
    const { id } = await story.approved({ version: '3' });
    done(await story.command('mona', 'execute', id));
    await moves('3');
    expect((await story.read(id)).state).toBe('VERIFIED');
    expect(await drifts(true)).toEqual([]);
    expect((await story.said('drift.resolved'))[0]).toMatchObject({ how: 'approved' });
  });

  it('finds a removed alias as missing', async () => {
    await govern();
    await story.says('model_alias.removed', { alias: 'champion' });
    await story.follow();
    expect(await drifts(true)).toMatchObject([{ kind: 'missing', observedVersions: [] }]);
  });

  it('does not take the late report of an older move for a new one', async () => {
    await govern();
    const { id } = await story.approved();
    const before = fixture.clock.now();
    fixture.later(1000);
    done(await story.command('mona', 'execute', id));
    await moves('2');
    await moves('1', { occurredAt: before });
    expect(await drifts()).toEqual([]);
    expect((await story.read(id)).state).toBe('VERIFIED');
  });

  it('does not verify by a version of the same number of a model made anew', async () => {
    await govern();
    const { id } = await story.approved();
    done(await story.command('mona', 'execute', id));
    await story.says('registered_model.deleted', {});
    await story.says('registered_model.created', { description: null, tags: [] });
    await story.says('model_version.created', { version: '2' });
    await moves('2');
    expect((await story.read(id)).state).toBe('EXECUTING');
    expect((await drifts(true)).length).toBeGreaterThan(0);
  });

  it('knows a stage from our own call, since registries do not report one, archiving what held it', async () => {
    await govern();
    fixture.writer.answer = () => Promise.resolve({ outcome: 'applied' });
    const first = await story.approved({ target: 'stage:Production', version: '1' });
    done(await story.command('mona', 'execute', first.id));
    await story.follow();
    const second = await story.approved({ target: 'stage:Production' });
    expect(second.pin.expectedHolders).toEqual(['1']);
    done(await story.command('mona', 'execute', second.id));
    await story.follow();
    expect((await story.read(second.id)).state).toBe('VERIFIED');
    expect(await drifts()).toEqual([]);
  });

  it('adds nothing when it is rebuilt, and makes identical rows', async () => {
    await govern();
    const { id } = await story.approved();
    done(await story.command('mona', 'execute', id));
    await moves('2');
    await moves('3');
    await moves('2');
    const rows = () =>
      fixture.test.asOwner(
        `SELECT to_jsonb(t)::text FROM promotion_target t WHERE tenant_id = $1
         UNION ALL SELECT to_jsonb(d)::text FROM drift d WHERE tenant_id = $1 ORDER BY 1`,
        [story.tenantId],
      );
    const [before, size] = [await rows(), (await story.log()).length];
    await fixture.runner.rebuild(story.tenantId, 'promotion-observer');
    expect(await rows()).toEqual(before);
    expect((await story.log()).length).toBe(size);
    expect((await story.read(id)).state).toBe('VERIFIED');
  });

  it('says which request led to a placement', async () => {
    const { id } = await story.approved();
    const cause = await moves('2');
    const led = await fixture.test.database.read(story.tenantId, (tx) =>
      fixture.queries.requestsByCause(tx, [cause, 0n]),
    );
    expect([...led].map(([sequence, request]) => [sequence, request.id])).toEqual([[cause, id]]);
  });
});
