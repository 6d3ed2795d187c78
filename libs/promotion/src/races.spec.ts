import { Database, type SqlTx } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { consumePermit } from './permit-store.js';
import type { PromotionService } from './promotion.service.js';
import type { PromotionOutcome } from './records.js';
import { codeOf, done, PromotionFixture, type Story } from './testing/promotion-fixture.js';

const PAIRS = 200;

/** A database on which nothing locks a request's row, and on which both sides read before either writes. */
class WithoutRowLock extends Database {
  barrier: (() => Promise<void>) | null = null;

  override sqlTransaction<Result>(
    tenantId: TenantId,
    work: (tx: SqlTx) => Promise<Result>,
    mode?: 'read-write' | 'read-snapshot',
  ): Promise<Result> {
    return super.sqlTransaction(
      tenantId,
      async (tx) => {
        const query: SqlTx['query'] = async (text, values) => {
          const locks = /FROM promotion_request r[\s\S]*FOR UPDATE/.test(text);
          const rows = await tx.query(text.replace(locks ? 'FOR UPDATE' : /$^/, ''), values);
          // The votes are read right after the row: here both have counted and neither has written.
          if (text.includes('FROM promotion_vote')) await this.barrier?.();
          return rows as never;
        };
        return work({ ...tx, query });
      },
      mode,
    );
  }
}

/** Lets the first `parties` callers go on together; later ones pass. */
function meeting(parties: number): () => Promise<void> {
  let waiting = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return async () => {
    waiting += 1;
    if (waiting === parties) open();
    await opened;
  };
}

describe('racing commands', () => {
  let fixture: PromotionFixture;
  let story: Story;
  let unlocked: WithoutRowLock;
  beforeAll(async () => {
    fixture = await PromotionFixture.open();
    unlocked = new WithoutRowLock({ connectionString: fixture.test.url, max: 4 });
    story = await fixture.tenant();
  });
  afterAll(async () => {
    await unlocked.close();
    await fixture.end();
  });

  const voteOn = (
    service: PromotionService,
    who: 'abel' | 'beth',
    id: string,
    rowVersion: number,
  ): Promise<PromotionOutcome> =>
    service.castVote(story.people[who], {
      requestId: id,
      decision: 'APPROVE',
      role: 'approver',
      rowVersion,
    });

  /** As a client does: on CONFLICT it reads again and votes on what it finds. */
  const insist = async (who: 'abel' | 'beth', id: string): Promise<void> => {
    for (;;) {
      const { rowVersion } = await story.read(id);
      const outcome = await voteOn(fixture.service, who, id, rowVersion);
      if (outcome.kind === 'request') return;
      expect(codeOf(outcome)).toBe('CONFLICT');
    }
  };

  /** What must never be: the quorum is there and the request does not know. */
  const stuck = async (): Promise<number> => {
    const rows = await fixture.test.asOwner<{ id: string }>(
      `SELECT r.id FROM promotion_request r JOIN promotion_vote v ON v.tenant_id = r.tenant_id AND v.request_id = r.id
        WHERE r.tenant_id = $1 AND r.state = 'PENDING' AND v.revoked_at IS NULL AND v.decision = 'APPROVE'
        GROUP BY r.id HAVING count(DISTINCT v.actor_id) >= 2`,
      [story.tenantId],
    );
    return rows.length;
  };

  it(`leaves none of ${PAIRS} racing vote pairs pending with its quorum met`, async () => {
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const { id } = await story.request({ target: `alias:race-${pair}` });
      await Promise.all([insist('abel', id), insist('beth', id)]);
    }
    expect(await stuck()).toBe(0);
    expect(await story.log('promotion.approved')).toHaveLength(PAIRS);
    expect(await story.log('permit.issued')).toHaveLength(PAIRS);
  }, 120_000);

  it('would leave one pending without the lock of its row: the mutant is caught', async () => {
    const service = fixture.serviceOn(unlocked);
    const { id } = await story.request({ target: 'alias:mutant' });
    unlocked.barrier = meeting(2);
    await Promise.all([voteOn(service, 'abel', id, 0), voteOn(service, 'beth', id, 0)]);
    unlocked.barrier = null;
    expect(await stuck()).toBe(1);
    done(await story.command('mona', 'withdraw', id));
  });

  it('never executes with a revoked approval, and never revokes one that was executed with', async () => {
    const { abel, mona } = story.people;
    for (let round = 0; round < 20; round += 1) {
      const { id, rowVersion } = await story.approved({ target: `alias:revoke-${round}` });
      const input = { requestId: id, rowVersion };
      const [executed, revoked] = await Promise.all([
        fixture.service.execute(mona, input),
        fixture.service.revokeVote(abel, input),
      ]);
      expect([executed.kind, revoked.kind].sort()).toEqual(['refused', 'request']);
      const after = await story.read(id);
      const live = after.votes.filter((vote) => vote.revokedAt === null).length;
      expect(after.state === 'EXECUTING' ? live : after.state).toBe(
        after.state === 'EXECUTING' ? 2 : 'PENDING',
      );
    }
  });

  it('calls the registry once when an execution is sent many times at once', async () => {
    const { id, rowVersion } = await story.approved({ target: 'alias:many' });
    const before = fixture.writer.changes.length;
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, () =>
        fixture.service.execute(story.people.mona, { requestId: id, rowVersion }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.kind === 'request')).toHaveLength(1);
    expect(fixture.writer.changes.length - before).toBe(1);
    expect(await story.log('promotion.executing')).toHaveLength(
      new Set((await story.said('promotion.executing')).map((data) => data['requestId'])).size,
    );
  });

  it('uses a permit up exactly once, however many ask at once', async () => {
    const { id } = await story.approved({ target: 'alias:permit' });
    const permit = await fixture.test.database.read(story.tenantId, (tx) =>
      fixture.queries.permit(tx, id),
    );
    const use = { jti: permit?.jti ?? '', by: 'svc:gateway', now: fixture.clock.now() };
    const used = await Promise.all(
      Array.from({ length: 8 }, () =>
        fixture.test.database.sqlTransaction(story.tenantId, (tx) => consumePermit(tx, use)),
      ),
    );
    expect(used.filter(Boolean)).toHaveLength(1);
  });
});
