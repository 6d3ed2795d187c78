import type { SqlTx } from '@countersign/database';
import type { Principal } from '@countersign/identity';
import { done, PromotionFixture, type Story } from './testing/promotion-fixture.js';

describe('PromotionQueries', () => {
  let fixture: PromotionFixture;
  let story: Story;
  beforeAll(async () => {
    fixture = await PromotionFixture.open();
  });
  beforeEach(async () => {
    story = await fixture.tenant();
  });
  afterAll(() => fixture.end());

  const read = <Result>(work: (tx: SqlTx) => Promise<Result>): Promise<Result> =>
    fixture.test.database.read(story.tenantId, work);
  const awaiting = async (who: Principal) => {
    const page = await read((tx) => fixture.queries.requests(tx, { awaiting: who.id }, {}));
    return page.edges.map((edge) => edge.node.id);
  };

  it('says what is missing, line by line', async () => {
    const { id } = await story.request();
    const record = done(await story.vote('abel', id));
    expect(await read((tx) => fixture.queries.requirements(tx, record))).toEqual([
      { name: 'quorum approver', met: false, detail: '1 of 2 approvers' },
      { name: 'pin unchanged', met: true, detail: 'as when it was asked for' },
      { name: 'not expired', met: true, detail: expect.stringContaining('until 2026-11-28') },
    ]);
    const approved = done(await story.vote('beth', id));
    const [quorum] = await read((tx) => fixture.queries.requirements(tx, approved));
    expect(quorum).toEqual({ name: 'quorum approver', met: true, detail: '2 of 2 approvers' });
  });

  it('says who could vote, and every reason why another could not', async () => {
    const { id } = await story.request();
    const record = done(await story.vote('abel', id));
    const { abel, beth, mona, ana } = story.people;
    const of = (who: Principal) => read((tx) => fixture.queries.eligibility(tx, record, who));
    expect(await of(beth)).toEqual({ canVote: true, roles: ['approver'], reasons: [] });
    expect(await of(abel)).toMatchObject({ canVote: false, reasons: ['You have voted already.'] });
    expect((await of(mona)).reasons).toEqual([
      'The access policy does not let you approve here.',
      'Nobody approves a promotion that they asked for.',
      'A vote here is cast in the role approver, held on this model.',
    ]);
    expect((await of(ana)).canVote).toBe(false);
  });

  it('lists what waits for a person, and no longer once that person voted', async () => {
    const first = await story.request({ target: 'alias:a' });
    fixture.later(1000);
    const second = await story.request({ target: 'alias:b' });
    const { abel, mona, ana } = story.people;
    expect(await awaiting(abel)).toEqual([second.id, first.id]);
    done(await story.vote('abel', first.id));
    expect(await awaiting(abel)).toEqual([second.id]);
    expect(await awaiting(mona)).toEqual([]);
    expect(await awaiting(ana)).toEqual([]);
  });

  it('pages through requests, newest first, without missing or repeating one', async () => {
    for (let n = 0; n < 5; n += 1) {
      fixture.later(n === 2 ? 0 : 1000); // two of the same instant
      await story.request({ target: `alias:p${n}` });
    }
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof fixture.queries.requests>> = await read((tx) =>
        fixture.queries.requests(tx, { states: ['PENDING'] }, { first: 2, after }),
      );
      seen.push(...page.edges.map((edge) => edge.node.target));
      after = page.hasNextPage ? (page.edges.at(-1)?.cursor ?? null) : null;
    } while (after !== null);
    expect(seen.sort()).toEqual(['alias:p0', 'alias:p1', 'alias:p2', 'alias:p3', 'alias:p4']);
  });

  it('finds nothing by an id that is none, or another tenant’s', async () => {
    const other = await fixture.tenant();
    const { id } = await other.request();
    expect(await read((tx) => fixture.queries.request(tx, id))).toBeNull();
    expect(await read((tx) => fixture.queries.request(tx, 'x'))).toBeNull();
    expect(await read((tx) => fixture.queries.permit(tx, id))).toBeNull();
  });
});
