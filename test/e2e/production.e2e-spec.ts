import { IdentityService } from '@countersign/identity';
import { PolicyService } from '@countersign/policy';
import { getIntrospectionQuery } from 'graphql';
import { GraphqlClient } from '../support/graphql-client.js';
import { startTestService, type TestService } from '../support/service.js';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js';

describe('in production', () => {
  let issuer: TokenIssuer;
  let service: TestService;

  beforeAll(async () => {
    issuer = await startTokenIssuer({ 'org-1': 'acme', 'org-2': 'globex' });
    service = await startTestService({ nodeEnv: 'production', issuers: [issuer.config] });
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await issuer.stop();
  });

  it('there is no development issuer, no demo tenant and no query page', async () => {
    for (const path of [
      '/dev-issuer/.well-known/openid-configuration',
      '/dev-issuer/token',
      '/graphiql',
    ]) {
      expect((await fetch(service.url + path)).status).toBe(404);
    }
    expect(await service.database.asOwner('SELECT slug FROM tenant')).toEqual([]);
  });

  it('nobody sees the schema, or gets a document parsed, without a token', async () => {
    for (const query of [getIntrospectionQuery(), '{ __typename }', '{ nonsense']) {
      const { errors, status } = await service.anonymous.ask(query);
      expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      expect(status).toBe(401);
    }
  });

  it('a person of a configured issuer is registered at first sight, in the tenant of the mapping', async () => {
    const identity = service.service.app.get(IdentityService);
    const token = await issuer.token({ sub: 'u-1', name: 'Una', org: 'org-1' });
    const una = new GraphqlClient(service.url, token);
    // The tenant was not opened yet.
    expect(await una.code('{ me { id } }')).toBe('UNAUTHENTICATED');
    const acme = await identity.openTenant('acme', 'Acme');
    const { me } = await una.must<{ me: { id: string; displayName: string; roles: string[] } }>(
      '{ me { id displayName roles tenant { slug } } }',
    );
    expect(me).toMatchObject({ displayName: 'Una', roles: [], tenant: { slug: 'acme' } });
    // Deny by default: a person without a role may read nothing.
    expect(await una.code('{ entries(first: 1) { nodes { id } } }')).toBe('FORBIDDEN');
    const policy = service.service.app.get(PolicyService);
    await policy.grantRoleAsSystem(acme.id, {
      subject: me.id,
      role: 'auditor',
      reason: 'first auditor',
    });
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // reads may be a second behind
    expect(await una.code('{ entries(first: 1) { nodes { id } } }')).toBe('none');
  });

  it('a token of an unmapped organisation, or without one, is refused', async () => {
    for (const claims of [
      { sub: 'u', org: 'org-9' },
      { sub: 'u' },
      { sub: 'u', org: ['org-1'] },
      { org: 'org-1' },
    ]) {
      const client = new GraphqlClient(service.url, await issuer.token(claims));
      expect(await client.code('{ me { id } }')).toBe('UNAUTHENTICATED');
    }
  });

  it('unknown fields are not guessed at', async () => {
    const token = await issuer.token({ sub: 'u-1', name: 'Una', org: 'org-1' });
    const { text } = await new GraphqlClient(service.url, token).ask('{ mee { id } }');
    expect(text).not.toContain('Did you mean');
  });
});

describe('ROLES', () => {
  it('worker: works in the background and takes no requests', async () => {
    const service = await startTestService({
      roles: ['worker'],
      issuers: [],
      nodeEnv: 'production',
    });
    try {
      expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
      expect((await fetch(`${service.url}/graphql`, { method: 'POST' })).status).toBe(404);
      expect((await fetch(`${service.url}/events`, { method: 'POST' })).status).toBe(404);
    } finally {
      await service.stop();
    }
  });

  it('api: answers, and leaves the background to others', async () => {
    const service = await startTestService({ roles: ['api'] });
    try {
      const ana = await service.as('ana@acme');
      const { checkpoint } = await ana.must<{ checkpoint: object | null }>(
        '{ checkpoint { size } }',
      );
      expect(checkpoint).toBeNull();
    } finally {
      await service.stop();
    }
  });
});
