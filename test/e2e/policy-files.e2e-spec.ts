import { pino } from 'pino';
import { startService } from '../../apps/service/src/service.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { startTestService, type TestService } from '../support/service.js';

describe('a start with other policy files than those that decided before', () => {
  let first: TestService;
  beforeAll(async () => {
    first = await startTestService();
  }, 60_000);
  afterAll(() => first.stop());

  const activations = async (token: string): Promise<object[]> => {
    const ana = new GraphqlClient(first.url, token);
    const { entries } = await ana.must<{ entries: { nodes: object[] } }>(
      '{ entries(filter: { types: ["policy.activated"] }) { nodes { type } } }',
    );
    return entries.nodes;
  };

  it('is an entry of every tenant, once', async () => {
    const token = await first.token('ana@acme');
    expect(await activations(token)).toEqual([]);
    await first.service.stop();
    await first.database.asOwner("UPDATE tenant_policy SET policy_version = 'older'");
    for (let start = 0; start < 2; start += 1) {
      const again = await startService({
        config: first.config,
        log: pino({ level: 'silent' }),
      });
      try {
        expect(await activations(token)).toEqual([{ type: 'policy.activated' }]);
      } finally {
        await again.stop();
      }
    }
  }, 60_000);
});
