import { personal } from '@countersign/events';
import { fixedClock, type PageRequest, type TenantId } from '@countersign/kernel';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';
import type { EntryFilter } from './entry-record.js';
import { LedgerQueries } from './ledger-queries.js';
import { testVault } from '../../../../test/support/vault.js';

describe('LedgerQueries', () => {
  let fixture: LedgerFixture;
  let tenantId: TenantId;
  const clock = fixedClock(new Date('2026-11-21T06:00:00.000Z'));
  const queries = new LedgerQueries({ vault: testVault() });
  const alice = 'user:11111111-1111-4111-8111-111111111111';

  beforeAll(async () => {
    fixture = await ledgerFixture(clock);
    tenantId = await fixture.tenant();
    const at = async (minute: number, ...drafts: Parameters<typeof fixture.ledger.append>[1]) => {
      clock.set(new Date(Date.UTC(2026, 10, 21, 6, minute)));
      await fixture.ledger.append(tenantId, drafts);
    };
    await at(0, delivered(1), delivered(2));
    await at(
      10,
      commanded(3, { type: 'model_alias.set', subject: 'model/card-fraud/alias/champion' }),
    );
    await at(
      20,
      commanded(4, {
        type: 'registered_model.created',
        subject: 'model/100%25_sure',
        actor: { id: alice, kind: 'user', basis: 'authenticated' },
        occurredAt: new Date('2026-11-21T06:19:00.000Z'),
        data: { name: '100%_sure', description: personal('Über "große" Beträge', alice), tags: [] },
      }),
    );
  });
  afterAll(() => fixture.end());

  const find = async (filter: EntryFilter, page: PageRequest = {}): Promise<number[]> => {
    const found = await fixture.test.database.read(tenantId, (tx) =>
      queries.entries(tx, filter, page),
    );
    return found.edges.map(({ node }) => Number(node.sequence));
  };

  it.each<[string, EntryFilter, number[]]>([
    ['nothing in particular', {}, [0, 1, 2, 3]],
    ['exact types', { types: ['model_alias.set', 'nothing'] }, [2]],
    [
      'prefixes of types, the underscore taken literally',
      { types: ['model_version.*', 'model.*'] },
      [0, 1],
    ],
    ['no type at all', { types: [] }, []],
    ['an actor', { actor: alice }, [3]],
    ['an exact subject', { subject: 'model/card-fraud/version/2' }, [1]],
    ['subjects below', { subject: 'model/card-fraud/*' }, [0, 1, 2]],
    ['a percent sign in a subject literally', { subject: 'model/100%25_sure' }, [3]],
    ['sources', { sources: ['mlflow/demo'] }, [0, 1]],
    ['sequences', { fromSequence: 1n, toSequence: 2n }, [1, 2]],
    [
      'moments of recording, both ends included',
      {
        recordedFrom: new Date('2026-11-21T06:10:00.000Z'),
        recordedTo: new Date('2026-11-21T06:20:00.000Z'),
      },
      [2, 3],
    ],
    ['a moment before any', { recordedTo: new Date('2026-11-21T05:00:00.000Z') }, []],
    ['a moment after any', { recordedFrom: new Date('2026-11-22T05:00:00.000Z') }, []],
    ['moments of occurrence', { occurredFrom: new Date('2026-11-21T00:00:00.000Z') }, [3]],
    ['words of the subject in any case', { text: 'Card-Fraud champion' }, [2]],
    ['words of a disclosed value with quotes', { text: '"große" beträge' }, [3]],
    ['words of plain values', { text: '100%_sure' }, [3]],
    ['no word of keys, nonces and commitments', { text: 'nonce' }, []],
    ['several conditions at once', { types: ['model_version.*'], text: 'version/2' }, [1]],
  ])('filters by %s', async (_, filter, expected) => {
    expect(await find(filter)).toEqual(expected);
  });

  it('pages forward and backward over the same edges, and stays stable while the log grows', async () => {
    const grown = await fixture.tenant();
    await fixture.ledger.append(
      grown,
      Array.from({ length: 7 }, (_, n) => delivered(n)),
    );
    const page = (request: PageRequest) =>
      fixture.test.database.read(grown, (tx) => queries.entries(tx, {}, request));
    const first = await page({ first: 3 });
    expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    await fixture.ledger.append(grown, [delivered('later')]);
    const second = await page({ first: 3, after: first.edges[2]?.cursor });
    expect(second.edges.map(({ node }) => node.sequence)).toEqual([3n, 4n, 5n]);
    const rest = await page({ first: 3, after: second.edges[2]?.cursor });
    expect(rest.edges.map(({ node }) => node.sequence)).toEqual([6n, 7n]);
    expect(rest.hasNextPage).toBe(false);
    const back = await page({ last: 3, before: rest.edges[0]?.cursor });
    expect(back.edges).toEqual(second.edges);
    expect(back).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  });

  it('looks further when words only stood where nobody reads them', async () => {
    const many = await fixture.tenant();
    const plain = Array.from({ length: 30 }, (_, n) => delivered(n));
    await fixture.ledger.append(many, [...plain, delivered('the nonce itself')]);
    const found = await fixture.test.database.read(many, (tx) =>
      queries.entries(tx, { text: 'nonce' }, { first: 2 }),
    );
    expect(found.edges.map(({ node }) => node.sequence)).toEqual([30n]);
  });

  it('refuses foreign cursors, sizes out of bounds and both directions at once', async () => {
    for (const page of [{ after: 'x' }, { first: 0 }, { first: 101 }, { first: 1, last: 1 }]) {
      await expect(find({}, page)).rejects.toMatchObject({
        code: expect.stringMatching(/^BAD_/) as string,
      });
    }
  });

  it('gives evidence for a single entry, and for lists only when asked', async () => {
    const { bare, one, some } = await fixture.test.database.read(tenantId, async (tx) => ({
      one: await queries.entry(tx, 0n),
      some: await queries.entriesBySequence(tx, [0n, 99n], { evidence: true }),
      bare: await queries.entriesBySequence(tx, [0n]),
    }));
    expect(some).toEqual([one]);
    expect(one).toMatchObject({ evidence: { mediaType: 'application/json' } });
    expect(bare).toMatchObject([{ evidence: null }]);
  });

  it('shows an erased value as null and keeps the bytes that were hashed', async () => {
    const erased = await fixture.tenant();
    await fixture.ledger.append(erased, [delivered(1)]);
    await fixture.test.asOwner('ALTER TABLE ledger_disclosure DISABLE TRIGGER USER');
    await fixture.test.asOwner('DELETE FROM ledger_disclosure WHERE tenant_id = $1', [erased]);
    const entry = await fixture.test.database.read(erased, (tx) => queries.entry(tx, 0n));
    expect(entry?.payload).toMatchObject({ data: { description: null, name: 'card-fraud' } });
    expect(entry?.disclosures).toEqual([]);
    expect(Buffer.from(entry?.payloadCanonical ?? []).toString()).toContain('{"sd":"');
  });

  it('refuses proofs between sizes that the log never had', async () => {
    for (const [from, to] of [
      [3n, 2n],
      [0n, 99n],
      [-1n, 2n],
    ] as const) {
      await expect(
        fixture.test.database.read(tenantId, (tx) => queries.consistencyProof(tx, from, to)),
      ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
  });
});
