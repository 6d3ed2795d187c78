import {
  codeOf,
  done,
  MODEL,
  PromotionFixture,
  TARGET,
  type Story,
} from './testing/promotion-fixture.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('PromotionService', () => {
  let fixture: PromotionFixture;
  let story: Story;
  beforeAll(async () => {
    fixture = await PromotionFixture.open();
  });
  beforeEach(async () => {
    story = await fixture.tenant();
  });
  afterAll(() => fixture.end());

  /** The one refusal in the ledger, after a command that must have left exactly one. */
  const refusal = async () => {
    const refused = await story.said('promotion.refused');
    expect(refused).toHaveLength(1);
    return refused[0];
  };

  it('goes from a request over two votes to APPROVED, each step with its entry', async () => {
    const request = await story.request();
    expect(request).toMatchObject({ state: 'PENDING', rowVersion: 0 });
    expect(request.pin).toMatchObject({ version: '2', expectedHolders: ['1'], runId: 'run-1' });

    const first = done(await story.vote('abel', request.id));
    expect(first).toMatchObject({ state: 'PENDING', rowVersion: 1 });
    const second = done(await story.vote('beth', request.id));
    expect(second).toMatchObject({ state: 'APPROVED', rowVersion: 2 });
    expect(second.votes.map((vote) => vote.castBy)).toEqual([
      story.people.abel.id,
      story.people.beth.id,
    ]);

    const entries = await story.log('promotion.*', 'permit.*');
    expect(entries.map((entry) => entry.type)).toEqual([
      'promotion.requested',
      'promotion.vote_cast',
      'promotion.vote_cast',
      'promotion.approved',
      'permit.issued',
    ]);
    expect(entries.every((entry) => entry.subject === `request/${request.id}`)).toBe(true);
    const [vote] = await story.said('promotion.vote_cast');
    expect(vote?.['decision']).toMatchObject({ allowed: true, action: 'promotion.approve' });
  });

  it('keeps reason and comment out of the hashed bytes', async () => {
    const { saidIn } = await story.request({ reason: 'Mona says so' });
    expect(await story.texts([saidIn])).toEqual(new Map([[saidIn, 'Mona says so']]));
    const [entry] = await story.log('promotion.requested');
    expect(Buffer.from(entry?.payloadCanonical ?? []).toString()).not.toContain('Mona says so');
    expect(entry?.disclosures).toMatchObject([
      { value: 'Mona says so', dataSubject: story.people.mona.id },
    ]);
  });

  describe('refuses, with the code and one entry', () => {
    it('a vote by the requester, though she is no approver either: SELF_APPROVAL', async () => {
      const { id } = await story.request();
      expect(codeOf(await story.vote('mona', id))).toBe('SELF_APPROVAL');
      expect(await refusal()).toMatchObject({
        code: 'SELF_APPROVAL',
        command: 'castVote',
        requestId: id,
        decision: { allowed: false },
      });
    });

    it('a vote by an auditor: the access policy denies it, and says what decided', async () => {
      const { id } = await story.request();
      const outcome = await story.vote('ana', id);
      expect(outcome).toMatchObject({ kind: 'denied', decision: { allowed: false } });
      expect(await refusal()).toMatchObject({
        code: 'POLICY_DENIED',
        decision: { allowed: false, action: 'promotion.approve' },
      });
    });

    it('a vote by a machine with the role: NOT_ELIGIBLE', async () => {
      const { id } = await story.request();
      expect(codeOf(await story.vote('robot', id))).toBe('NOT_ELIGIBLE');
      expect(await refusal()).toMatchObject({ code: 'NOT_ELIGIBLE' });
    });

    it('a vote in a role that does not count: NOT_ELIGIBLE', async () => {
      const { id } = await story.request();
      expect(codeOf(await story.vote('abel', id, { role: 'auditor' }))).toBe('NOT_ELIGIBLE');
    });

    it('a vote by who registered the version: NOT_ELIGIBLE', async () => {
      const { abel } = story.people;
      await story.says(
        'model_version.created',
        { version: '4' },
        { actor: { id: abel.id, kind: 'user', basis: 'reported' } },
      );
      await story.follow();
      const { id, registrant } = await story.request({ version: '4' });
      expect(registrant).toBe(abel.id);
      expect(codeOf(await story.vote('abel', id))).toBe('NOT_ELIGIBLE');
    });

    it('a second vote by the same person: ALREADY_VOTED, whatever row version is sent', async () => {
      const { id } = await story.request();
      done(await story.vote('abel', id));
      expect(codeOf(await story.vote('abel', id, { rowVersion: 0 }))).toBe('ALREADY_VOTED');
      expect(await refusal()).toMatchObject({ code: 'ALREADY_VOTED', state: 'PENDING' });
      expect((await story.read(id)).votes).toHaveLength(1);
    });

    it('a stale row version: CONFLICT, with the request as it is now', async () => {
      const { id } = await story.request();
      done(await story.vote('abel', id));
      const outcome = await story.vote('beth', id, { rowVersion: 0 });
      expect(outcome).toMatchObject({
        kind: 'refused',
        code: 'CONFLICT',
        current: { rowVersion: 1 },
      });
      expect(await refusal()).toMatchObject({ code: 'CONFLICT' });
    });

    it('execution after withdrawal: WRONG_STATE', async () => {
      const { id } = await story.approved();
      done(await story.command('mona', 'withdraw', id));
      expect(codeOf(await story.command('mona', 'execute', id))).toBe('WRONG_STATE');
      expect(await refusal()).toMatchObject({ code: 'WRONG_STATE', state: 'WITHDRAWN' });
      expect(fixture.writer.changes.filter((c) => c.tenantId === story.tenantId)).toEqual([]);
    });

    it('withdrawal by another who may ask for promotions: NOT_ELIGIBLE', async () => {
      const { id } = await story.request();
      const eli = await fixture.person(story.tenantId, 'x', 'eli', 'ml-engineer');
      const outcome = await fixture.service.withdraw(eli, { requestId: id, rowVersion: 0 });
      expect(codeOf(outcome)).toBe('NOT_ELIGIBLE');
    });

    it('a version that does not exist: UNKNOWN_MODEL_VERSION', async () => {
      const outcome = await fixture.service.request(story.people.mona, {
        model: MODEL,
        version: '99',
        target: TARGET,
      });
      expect(codeOf(outcome)).toBe('UNKNOWN_MODEL_VERSION');
      expect(await refusal()).toMatchObject({ code: 'UNKNOWN_MODEL_VERSION', version: '99' });
    });

    it('a second request for the same version and target: ALREADY_OPEN, naming the first', async () => {
      const { id } = await story.request();
      const outcome = await fixture.service.request(story.people.mona, {
        model: MODEL,
        version: '2',
        target: TARGET,
      });
      expect(outcome).toMatchObject({ code: 'ALREADY_OPEN', current: { id } });
      expect(await refusal()).toMatchObject({ code: 'ALREADY_OPEN', requestId: id });
    });

    it('a request by an auditor, before anything is said about what exists', async () => {
      const outcome = await fixture.service.request(story.people.ana, {
        model: MODEL,
        version: '99',
        target: TARGET,
      });
      expect(outcome.kind).toBe('denied');
      expect(await refusal()).toMatchObject({ code: 'POLICY_DENIED', requestId: null });
    });

    it('a request that too few people could approve: QUORUM_UNSATISFIABLE', async () => {
      for (const name of ['abel', 'beth'] as const) await revokeRoles(name);
      const outcome = await fixture.service.request(story.people.mona, {
        model: MODEL,
        version: '2',
        target: TARGET,
      });
      expect(codeOf(outcome)).toBe('QUORUM_UNSATISFIABLE');
      expect(await refusal()).toMatchObject({ code: 'QUORUM_UNSATISFIABLE' });
    });

    it('a vote after the pinned facts changed: STALE, and the request stays stale', async () => {
      const { id } = await story.request();
      done(await story.vote('abel', id));
      await story.says('model_alias.set', { alias: 'champion', version: '3' });
      await story.follow();
      const outcome = await story.vote('beth', id);
      expect(outcome).toMatchObject({ code: 'STALE', current: { state: 'STALE' } });
      expect(await story.said('promotion.stale')).toMatchObject([
        { differences: ['expectedHolders'] },
      ]);
      expect(await refusal()).toMatchObject({ code: 'STALE' });
    });

    it('execution after the pinned facts changed: STALE, and the permit is void', async () => {
      const { id } = await story.approved();
      await story.says('model_alias.set', { alias: 'champion', version: '3' });
      await story.follow();
      expect(codeOf(await story.command('mona', 'execute', id))).toBe('STALE');
      expect(await permit(id)).toMatchObject({ token: null, voidedAt: expect.any(Date) });
      expect(await story.said('permit.voided')).toHaveLength(1);
    });

    it('a model that was deleted and made again is not what was asked for: STALE', async () => {
      const { id } = await story.request({ target: 'alias:challenger' });
      await story.says('registered_model.deleted', {});
      await story.says('registered_model.created', { description: null, tags: [] });
      for (const version of ['1', '2']) await story.says('model_version.created', { version });
      await story.follow();
      expect(codeOf(await story.vote('abel', id))).toBe('STALE');
      const [stale] = await story.said('promotion.stale');
      expect(stale?.['differences']).toContain('modelVersionId');
    });

    it('any command after the request expired: EXPIRED', async () => {
      const { id } = await story.request();
      fixture.later(8 * DAY);
      expect(codeOf(await story.vote('abel', id))).toBe('EXPIRED');
      expect((await story.read(id)).state).toBe('EXPIRED');
      expect(await story.said('promotion.expired')).toHaveLength(1);
      expect(await refusal()).toMatchObject({ code: 'EXPIRED' });
    });

    it('execution when a voter has lost the role: the request is pending again', async () => {
      const { id } = await story.approved();
      await revokeRoles('beth');
      expect(codeOf(await story.command('mona', 'execute', id))).toBe('WRONG_STATE');
      expect((await story.read(id)).state).toBe('PENDING');
      expect(await story.said('promotion.reopened')).toMatchObject([{ cause: 'quorum lost' }]);
      expect(await permit(id)).toMatchObject({ token: null, voidedAt: expect.any(Date) });
    });
  });

  it('opens a request once per idempotency key, and refuses the key with another input', async () => {
    const first = await story.request({ idempotencyKey: 'k1' });
    const again = await story.request({ idempotencyKey: 'k1' });
    expect(again.id).toBe(first.id);
    expect(await story.said('promotion.requested')).toHaveLength(1);

    const other = await fixture.service.request(story.people.mona, {
      model: MODEL,
      version: '3',
      target: TARGET,
      idempotencyKey: 'k1',
    });
    expect(other).toMatchObject({ code: 'CONFLICT', current: { id: first.id } });
    expect(await refusal()).toMatchObject({ code: 'CONFLICT' });
  });

  it('opens one request when the same key arrives many times at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => story.request({ idempotencyKey: 'k2' })),
    );
    expect(new Set(all.map((request) => request.id)).size).toBe(1);
    expect(await story.said('promotion.requested')).toHaveLength(1);
  });

  it('takes a vote back: an approved request is pending again and its permit void', async () => {
    const { id } = await story.approved();
    const after = done(await story.command('beth', 'revokeVote', id));
    expect(after.state).toBe('PENDING');
    expect(after.votes.filter((vote) => vote.revokedAt === null)).toHaveLength(1);
    expect(await permit(id)).toMatchObject({ token: null, voidedAt: expect.any(Date) });
    // And can vote again afterwards; a new permit is issued.
    expect(done(await story.vote('beth', id)).state).toBe('APPROVED');
    expect(await permit(id)).toMatchObject({ token: expect.any(String), voidedAt: null });
  });

  it('is rejected by one vote against', async () => {
    const { id } = await story.request();
    const after = done(await story.vote('abel', id, { decision: 'REJECT' }));
    expect(after.state).toBe('REJECTED');
    expect(codeOf(await story.vote('beth', id))).toBe('WRONG_STATE');
  });

  it('expires what is due by the sweep, once', async () => {
    const { id } = await story.request();
    fixture.later(8 * DAY);
    expect(await fixture.service.expireDue(story.tenantId)).toBe(1);
    expect(await fixture.service.expireDue(story.tenantId)).toBe(0);
    expect((await story.read(id)).state).toBe('EXPIRED');
    expect(await story.said('promotion.expired')).toHaveLength(1);
  });

  it('waits for the mirror, so that a request pins what the ledger already holds', async () => {
    const service = fixture.serviceOn(fixture.test.database, { patienceMs: 5_000 });
    await story.says('model_alias.set', { alias: 'champion', version: '3' });
    const asked = service.request(story.people.mona, {
      model: MODEL,
      version: '2',
      target: TARGET,
    });
    await story.follow();
    expect(done(await asked).pin.expectedHolders).toEqual(['3']);
  });

  it('executes nothing while the mirror is behind the ledger', async () => {
    const { id } = await story.approved();
    await story.says('model_alias.set', { alias: 'champion', version: '3' });
    await expect(story.command('mona', 'execute', id)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect((await story.read(id)).state).toBe('APPROVED');
  });

  it('does not know the requests of another tenant', async () => {
    const { id } = await story.request();
    const other = await fixture.tenant();
    await expect(
      fixture.service.castVote(other.people.abel, {
        requestId: id,
        decision: 'APPROVE',
        role: 'approver',
        rowVersion: 0,
      }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('reads a stage in any case as the one stage, so that no tier is evaded', async () => {
    const request = await story.request({ target: 'stage:production' });
    expect(request.target).toBe('stage:Production');
  });

  it('lets neither a vote nor a decided request be rewritten, not by its own database role', async () => {
    const { id } = await story.approved();
    const run = (sql: string) =>
      fixture.test.database.sqlTransaction(story.tenantId, (tx) =>
        tx.query(sql, [story.tenantId, id]),
      );
    await expect(
      run(`UPDATE promotion_vote SET decision = 'REJECT' WHERE tenant_id = $1 AND request_id = $2`),
    ).rejects.toMatchObject({ code: 'CS003' });
    await expect(
      run(
        `UPDATE promotion_request SET pin_digest = 'sha256:${'0'.repeat(64)}' WHERE tenant_id = $1 AND id = $2`,
      ),
    ).rejects.toMatchObject({ code: 'CS003' });
    done(await story.command('mona', 'withdraw', id));
    await expect(
      run(`UPDATE promotion_request SET state = 'APPROVED' WHERE tenant_id = $1 AND id = $2`),
    ).rejects.toMatchObject({ code: 'CS003' });
    await expect(
      run('DELETE FROM promotion_vote WHERE tenant_id = $1 AND request_id = $2'),
    ).rejects.toMatchObject({ code: '42501' });
  });

  async function revokeRoles(name: 'abel' | 'beth'): Promise<void> {
    const { policy, roles, test } = fixture;
    const page = await test.database.read(story.tenantId, (tx) =>
      roles.roleGrants(tx, { subject: story.people[name].id }, {}),
    );
    for (const { node } of page.edges) {
      const revoked = await policy.revokeRole(story.people.tara, node.id, 'test');
      expect(revoked.kind).toBe('done');
    }
  }

  const permit = (id: string) =>
    fixture.test.database.read(story.tenantId, (tx) => fixture.queries.permit(tx, id));
});
