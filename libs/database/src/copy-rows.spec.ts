import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';

describe('copyRows', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  it('hands over every row, NULLs and empty fields as they are', async () => {
    const tenantId = await test.tenant('copied');
    const seen: (string | null)[][] = [];
    const count = await test.database.snapshot(tenantId, (tx) =>
      tx.copyRows(
        `SELECT n, CASE WHEN n % 2 = 0 THEN convert_to(n::text, 'UTF8') END, ''::bytea
         FROM generate_series(1::bigint, 5000) AS n`,
        ([n, text, empty]) =>
          seen.push([
            n?.readBigInt64BE().toString() ?? null,
            text?.toString() ?? null,
            String(empty),
          ]),
      ),
    );
    expect(count).toBe(5_000);
    expect(seen).toEqual(
      Array.from({ length: 5_000 }, (_, i) => [
        String(i + 1),
        i % 2 === 1 ? String(i + 1) : null,
        '',
      ]),
    );
  });

  it('reads large rows whole and an empty answer as nothing', async () => {
    const tenantId = await test.tenant('large');
    const sizes: number[] = [];
    await test.database.snapshot(tenantId, async (tx) => {
      const none = await tx.copyRows('SELECT 1 WHERE false', () => sizes.push(0));
      expect(none).toBe(0);
      await tx.copyRows(
        `SELECT convert_to(repeat('x', 300000 * n), 'UTF8') FROM generate_series(1, 3) AS n`,
        ([bytes]) => sizes.push(bytes?.byteLength ?? -1),
      );
    });
    expect(sizes).toEqual([300_000, 600_000, 900_000]);
  });

  it('sees the rows of its tenant only', async () => {
    const [one, other] = [await test.tenant('rls-one'), await test.tenant('rls-other')];
    for (const [tenant, size] of [
      [one, 5],
      [other, 7],
    ] as const) {
      await test.asOwner(
        `INSERT INTO ledger_head SELECT $1, $2, sha256(''), 'x', sha256(''), now()`,
        [tenant, size],
      );
    }
    const sizes: (bigint | undefined)[] = [];
    await test.database.snapshot(one, (tx) =>
      tx.copyRows('SELECT size FROM ledger_head', ([size]) => sizes.push(size?.readBigInt64BE())),
    );
    expect(sizes).toEqual([5n]);
  });

  it('rejects with what a taker throws and with errors of the statement, and the connection stays usable', async () => {
    const tenantId = await test.tenant('failing');
    await test.database.snapshot(tenantId, async (tx) => {
      await expect(
        tx.copyRows('SELECT generate_series(1, 1000)', () => {
          throw new Error('enough');
        }),
      ).rejects.toThrow('enough');
      expect(await tx.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
    await expect(
      test.database.snapshot(tenantId, (tx) => tx.copyRows('SELECT 1 / 0', () => undefined)),
    ).rejects.toMatchObject({ code: '22012' });
  });

  it('shares a snapshot between connections', async () => {
    const tenantId = await test.tenant('shared');
    const size = `SELECT size FROM ledger_head`;
    await test.database.snapshot(tenantId, async (tx) => {
      const name = await tx.exportSnapshot();
      await test.asOwner(
        `INSERT INTO ledger_head SELECT $1, 1, sha256(''), 'x', sha256(''), now()`,
        [tenantId],
      );
      const shared = await test.database.snapshot(tenantId, (at) => at.query(size), name);
      const later = await test.database.snapshot(tenantId, (at) => at.query(size));
      expect([shared, later]).toEqual([[], [{ size: 1n }]]);
    });
    await expect(
      test.database.snapshot(tenantId, (at) => at.query(size), "x'; SELECT 1"),
    ).rejects.toMatchObject({ code: 'INVALID_SNAPSHOT' });
  });
});
