import { createHash } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { permitAudience, PERMIT_TYPE } from './permit-issuer.js';
import { codeOf, done, PromotionFixture, TARGET, type Story } from './testing/promotion-fixture.js';

describe('execution', () => {
  let fixture: PromotionFixture;
  let story: Story;
  beforeAll(async () => {
    fixture = await PromotionFixture.open();
  });
  beforeEach(async () => {
    story = await fixture.tenant();
    fixture.writer.changes.length = 0;
    fixture.writer.answer = () => Promise.resolve({ outcome: 'not_connected' });
  });
  afterAll(() => fixture.end());

  const permit = (id: string) =>
    fixture.test.database.read(story.tenantId, (tx) => fixture.queries.permit(tx, id));

  it('has a permit that verifies with the key set alone and names the approval’s entry', async () => {
    const { id, pinDigest } = await story.approved();
    const { token, jti } = (await permit(id)) ?? {};
    const { payload } = await jwtVerify(token ?? '', createLocalJWKSet(fixture.permits.jwks()), {
      issuer: 'http://localhost:4000',
      audience: permitAudience(story.people.mona.tenantSlug)[0] ?? '',
      typ: PERMIT_TYPE,
      algorithms: ['EdDSA'],
      currentDate: fixture.clock.now(),
    });
    const [approved] = await story.log('promotion.approved');
    expect(payload).toMatchObject({
      jti,
      requestId: id,
      pinDigest,
      tenant: story.tenantId,
      ledgerSeq: String(approved?.sequence),
      ledgerHead: Buffer.from(approved?.leafHash ?? []).toString('hex'),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(600);
  });

  it('leaves the token out of the ledger, and its digest in', async () => {
    const { id } = await story.approved();
    const { token } = (await permit(id)) ?? {};
    const [issued] = await story.log('permit.issued');
    const bytes = Buffer.from(issued?.payloadCanonical ?? []).toString();
    expect(bytes).not.toContain(token?.split('.')[2]);
    expect(bytes).toContain(
      createHash('sha256')
        .update(token ?? '')
        .digest('hex'),
    );
  });

  it('commits EXECUTING and its entry before the registry is called', async () => {
    const { id } = await story.approved();
    let seen: unknown[] = [];
    fixture.writer.answer = async () => {
      seen = [(await story.read(id)).state, (await story.log('promotion.executing')).length];
      return { outcome: 'applied' };
    };
    done(await story.command('mona', 'execute', id));
    expect(seen).toEqual(['EXECUTING', 1]);
    expect(fixture.writer.changes).toMatchObject([
      { model: 'card-fraud', target: TARGET, version: '2', permitId: (await permit(id))?.jti },
    ]);
  });

  it('uses the permit up: its token is gone', async () => {
    const { id } = await story.approved();
    done(await story.command('mona', 'execute', id));
    expect(await permit(id)).toMatchObject({ token: null, consumedAt: expect.any(Date) });
  });

  it('fails when the registry refuses, and can be tried again under the same permit', async () => {
    const { id } = await story.approved();
    fixture.writer.answer = () => Promise.resolve({ outcome: 'failed', detail: 'HTTP 500' });
    expect(done(await story.command('mona', 'execute', id)).state).toBe('FAILED');
    expect(await story.said('promotion.failed')).toMatchObject([{ detail: 'HTTP 500' }]);

    fixture.writer.answer = () => Promise.resolve({ outcome: 'applied' });
    expect(done(await story.command('mona', 'execute', id)).state).toBe('EXECUTING');
    const ids = new Set(fixture.writer.changes.map((change) => change.permitId));
    expect([fixture.writer.changes.length, ids.size]).toEqual([2, 1]);
  });

  it('goes under a fresh permit when the last one has lapsed, after everything was checked again', async () => {
    const { id } = await story.approved();
    const first = await permit(id);
    fixture.later(601_000);
    done(await story.command('mona', 'execute', id));
    const second = await permit(id);
    expect(second?.jti).not.toBe(first?.jti);
    expect(fixture.writer.changes[0]?.permitId).toBe(second?.jti);
    expect((await story.said('permit.issued'))[1]).toMatchObject({ replaces: first?.jti });
    expect(await story.said('permit.voided')).toMatchObject([
      { permitId: first?.jti, cause: 'lapsed' },
    ]);
  });

  it('is resumed after a crash between commit and call, with the same permit, once', async () => {
    const { id } = await story.approved();
    fixture.writer.answer = () => Promise.reject(new Error('the process died here'));
    await expect(story.command('mona', 'execute', id)).rejects.toThrow('died');
    expect((await story.read(id)).state).toBe('EXECUTING');

    fixture.writer.answer = () => Promise.resolve({ outcome: 'applied' });
    expect(await fixture.service.resumeExecutions(story.tenantId)).toBe(0); // still leased
    fixture.later(60_001);
    const made = await Promise.all([
      fixture.service.resumeExecutions(story.tenantId),
      fixture.service.resumeExecutions(story.tenantId),
    ]);
    expect(made.sort()).toEqual([0, 1]);
    expect(await fixture.service.resumeExecutions(story.tenantId)).toBe(0);
    const ids = new Set(fixture.writer.changes.map((change) => change.permitId));
    expect([fixture.writer.changes.length, ids.size]).toEqual([2, 1]);
    expect(await story.log('promotion.applied')).toHaveLength(1);
  });

  it('is not resumed where there is no registry to call', async () => {
    const { id } = await story.approved();
    done(await story.command('mona', 'execute', id));
    fixture.later(60_001);
    expect(await fixture.service.resumeExecutions(story.tenantId)).toBe(0);
    expect((await story.read(id)).state).toBe('EXECUTING');
  });

  it('makes another approved request for the target stale', async () => {
    const first = await story.approved();
    const second = await story.approved({ version: '3' });
    done(await story.command('mona', 'execute', first.id));
    await story.says('model_alias.set', { alias: 'champion', version: '2' });
    await story.follow();
    expect(codeOf(await story.command('mona', 'execute', second.id))).toBe('STALE');
  });
});
