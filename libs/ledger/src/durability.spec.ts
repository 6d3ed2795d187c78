import { Database } from '@countersign/database';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { checkDurability } from './durability.js';

describe('checkDurability', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  async function verdict(asOwner: boolean, options?: string): Promise<unknown> {
    const url = new URL(asOwner ? test.ownerUrl : test.url);
    const database = new Database({ connectionString: url.toString(), max: 1, asOwner });
    if (options !== undefined) await test.asOwner(options);
    try {
      await checkDurability(database);
      return 'fit';
    } catch (error) {
      return error;
    } finally {
      await database.close();
      const name = new URL(test.ownerUrl).pathname.slice(1);
      await test.asOwner(`ALTER DATABASE ${name} RESET ALL`);
    }
  }
  const set = (what: string): string =>
    `ALTER DATABASE ${new URL(test.ownerUrl).pathname.slice(1)} SET ${what}`;

  it('accepts the session that the service uses', async () => {
    expect(await verdict(false)).toBe('fit');
  });

  it.each(['off', 'local'])('refuses synchronous_commit = %s and says so', async (value) => {
    expect(await verdict(false, set(`synchronous_commit = ${value}`))).toMatchObject({
      code: 'NOT_DURABLE',
      publicMessage: expect.stringContaining(`synchronous_commit = ${value}`) as string,
    });
  });

  it('refuses a role that could change what is recorded', async () => {
    expect(await verdict(true)).toMatchObject({ code: 'UNSAFE_SESSION' });
  });
});
