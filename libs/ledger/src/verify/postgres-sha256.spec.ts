import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';

/** PostgreSQL's own SHA-256 over the stored rows: an implementation of the format that we did not write. */
describe('PostgreSQL agrees with the ledger', () => {
  let fixture: LedgerFixture;
  beforeAll(async () => {
    fixture = await ledgerFixture();
    const tenantId = await fixture.tenant();
    for (const batch of [1, 7, 300]) {
      const drafts = Array.from({ length: batch }, (_, i) => delivered(`${batch}-${i}`));
      await fixture.ledger.append(tenantId, drafts);
    }
  });
  afterAll(() => fixture.end());

  it('that every leaf hash is SHA-256(0x00 || entry)', async () => {
    // The statement of docs/ledger-format.md.
    const wrong = await fixture.test.asOwner(
      `SELECT seq FROM ledger_entry WHERE sha256('\\x00'::bytea || canonical) <> leaf_hash`,
    );
    const [count] = await fixture.test.asOwner<{ n: number }>(
      'SELECT count(*)::int AS n FROM ledger_entry',
    );
    expect(wrong).toEqual([]);
    expect(count?.n).toBe(308);
  });

  it('that every entry names the one before, with its sequence', async () => {
    const wrong = await fixture.test.asOwner(
      `SELECT seq FROM (
         SELECT seq, convert_from(canonical, 'UTF8')::jsonb AS entry,
           lag(encode(leaf_hash, 'hex'), 1, repeat('0', 64)) OVER (PARTITION BY tenant_id ORDER BY seq) AS before
         FROM ledger_entry
       ) e WHERE entry->>'prev' <> before OR (entry->>'seq')::bigint <> seq`,
    );
    expect(wrong).toEqual([]);
  });

  it('and finds a changed entry', async () => {
    await fixture.test.asOwner('ALTER TABLE ledger_entry DISABLE TRIGGER USER');
    await fixture.test.asOwner(
      `UPDATE ledger_entry SET canonical = set_byte(canonical, 40, get_byte(canonical, 40) # 1) WHERE seq = 5`,
    );
    await fixture.test.asOwner('ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER append_only_rows');
    const wrong = await fixture.test.asOwner<{ seq: unknown }>(
      `SELECT seq FROM ledger_entry WHERE sha256('\\x00'::bytea || canonical) <> leaf_hash`,
    );
    expect(wrong.map(({ seq }) => String(seq))).toEqual(['5']);
  });
});
