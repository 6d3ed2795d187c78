import { hash } from 'node:crypto';
import type { TenantId } from '@countersign/kernel';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';

/** What a writer with a fault would send: the columns that the check looks at. */
interface Row {
  readonly seq: number;
  readonly header: Record<string, unknown>;
  readonly leafHash?: string;
}

const ZEROS = '0'.repeat(64);
const TIME = '2026-11-21T06:00:00.000Z';

describe('the check of appended entries inside PostgreSQL', () => {
  let fixture: LedgerFixture;
  let tenantId: TenantId;
  let other: TenantId;
  /** Leaf hash of the last of three entries. */
  let last: string;
  beforeAll(async () => {
    fixture = await ledgerFixture();
    other = await fixture.tenant();
  });
  afterAll(() => fixture.end());
  beforeEach(async () => {
    tenantId = await fixture.tenant();
    const results = await fixture.ledger.append(
      tenantId,
      [0, 1, 2].map((n) => delivered(n)),
    );
    last = Buffer.from(results.at(-1)?.leafHash ?? []).toString('hex');
  });

  const canonical = (row: Row): string =>
    JSON.stringify({
      ...{ actor: 'unknown', delivery: '","prev":"x"', prev: ZEROS, recordedAt: TIME },
      ...{ seq: row.seq, source: 's', subject: 's', tenant: tenantId, type: 't', v: 1 },
      ...row.header,
    });
  const leafOf = (row: Row): string => hash('sha256', `\0${canonical(row)}`, 'hex');

  /** One statement, as the runtime role or past row-level security. */
  async function insert(rows: readonly Row[], asSuperuser = false): Promise<unknown> {
    const sql = `INSERT INTO ledger_entry (tenant_id, seq, id, recorded_at, occurred_at, type, source, subject, actor,
        delivery, canonical, leaf_hash, payload_digest)
      SELECT $1::uuid, u.seq, gen_random_uuid(), now(), now(), 't', 's', 's', 'a', 'd', convert_to(u.canonical, 'UTF8'),
        decode(u.leaf, 'hex'), sha256('') FROM unnest($2::bigint[], $3::text[], $4::text[]) AS u(seq, canonical, leaf)`;
    const values = [
      tenantId,
      rows.map((row) => row.seq),
      rows.map(canonical),
      rows.map((row) => row.leafHash ?? leafOf(row)),
    ];
    return asSuperuser
      ? fixture.test.asOwner(sql, values)
      : fixture.test.database.sqlTransaction(tenantId, (tx) => tx.query(sql, values));
  }
  const refused = (rule: string): object => ({
    code: 'CS010',
    message: expect.stringMatching(new RegExp(`: ${rule}$`)) as string,
  });
  const next = (): Row => ({ seq: 3, header: { prev: last } });

  it('takes rows that go on from those before, in any order within the statement', async () => {
    const third = next();
    const fourth: Row = { seq: 4, header: { prev: leafOf(third) } };
    await insert([fourth, third]);
    await insert([{ seq: 5, header: { prev: leafOf(fourth) } }]);
  });

  const broken: [string, string, () => Row[]][] = [
    ['a leaf hash of other bytes', 'leaf', () => [{ ...next(), leafHash: ZEROS }]],
    ['a gap behind the rows before', 'sequence', () => [{ seq: 4, header: { prev: last } }]],
    [
      'a gap within the statement',
      'sequence',
      () => [next(), { seq: 5, header: { prev: leafOf(next()) } }],
    ],
    ['another hash of the entry before', 'previous', () => [{ seq: 3, header: { prev: ZEROS } }]],
    [
      'another hash of the entry before, within the statement',
      'previous',
      () => [next(), { seq: 4, header: { prev: last } }],
    ],
    [
      'another sequence in the hashed bytes',
      'header',
      () => [{ seq: 3, header: { prev: last, seq: 4 } }],
    ],
    [
      'another tenant in the hashed bytes',
      'header',
      () => [{ seq: 3, header: { prev: last, tenant: other } }],
    ],
  ];
  it.each(broken)('refuses %s', async (_, rule, rows) => {
    await expect(insert(rows())).rejects.toMatchObject(refused(rule));
    await expect(insert(rows(), true)).rejects.toMatchObject(refused(rule));
  });

  it('refuses a first entry with something before it', async () => {
    tenantId = await fixture.tenant();
    await expect(insert([{ seq: 0, header: { prev: last } }])).rejects.toMatchObject(
      refused('previous'),
    );
    await insert([{ seq: 0, header: {} }]);
  });

  it('would take all of them without the trigger (mutant)', async () => {
    const name = 'append_only_recheck';
    const { test } = fixture;
    await test.asOwner(`ALTER TABLE ledger_entry DISABLE TRIGGER ${name}`);
    try {
      for (const [, , rows] of broken) {
        tenantId = await fixture.tenant();
        await insert(rows());
      }
    } finally {
      await test.asOwner(`ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ${name}`);
    }
  });
});
