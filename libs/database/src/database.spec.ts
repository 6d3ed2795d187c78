import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';

describe('Database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  it('runs raw SQL and Prisma in one transaction, as the runtime role', async () => {
    const tenantId = await test.tenant('one');
    const [prismaPid, rawPid, role] = await test.database.transaction(tenantId, async (tx) => {
      const [viaPrisma] = await tx.prisma.$queryRaw<
        { pid: number }[]
      >`SELECT pg_backend_pid() AS pid`;
      const [viaRaw] = await tx.query<{ pid: number; role: string }>(
        'SELECT pg_backend_pid() AS pid, current_user AS role',
      );
      return [viaPrisma?.pid, viaRaw?.pid, viaRaw?.role];
    });
    expect(prismaPid).toBe(rawPid);
    expect(role).toBe('countersign_runtime');
  });

  it('rolls back when the work rejects', async () => {
    const tenantId = await test.tenant('two');
    await expect(
      test.database.sqlTransaction(tenantId, async (tx) => {
        await tx.query(
          "INSERT INTO tenant (id, slug, display_name) VALUES (gen_random_uuid(), 'ghost', 'g')",
        );
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    const found = await test.asOwner("SELECT 1 FROM tenant WHERE slug = 'ghost'");
    expect(found).toHaveLength(0);
  });

  it('raises when a tenant-scoped function runs without a tenant', async () => {
    await expect(test.database.global((q) => q.query('SELECT app_tenant()'))).rejects.toMatchObject(
      {
        code: 'CS001',
      },
    );
  });
});
