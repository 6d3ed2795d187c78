import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, projectRoot, type Config } from '@countersign/config';
import { IdentityService, TokenVerifier } from '@countersign/identity';
import { isAppError, systemClock } from '@countersign/kernel';
import { LedgerQueries, LedgerService } from '@countersign/ledger';
import { loadPolicyFiles, PolicyService } from '@countersign/policy';
import { fastify, type FastifyInstance } from 'fastify';
import { generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { developmentKeys } from './development-keys.js';
import { requestDevelopmentToken } from './development-token.js';
import {
  DEMO_PEOPLE,
  developmentIssuerConfig,
  developmentIssuerUrl,
  loadDevelopmentIssuer,
  seedDemo,
} from './index.js';
import { testVault } from '../../../../test/support/vault.js';

describe('the development issuer', () => {
  let dataDir: string;
  let config: Config;
  let server: FastifyInstance;
  let issuerUrl: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'dev-issuer-'));
    config = loadConfig({ DATA_DIR: dataDir, PORT: String(await freePort()) });
    issuerUrl = developmentIssuerUrl(config);
    server = await serve(config);
  });
  afterAll(async () => {
    await server.close();
    await rm(dataDir, { recursive: true });
  });

  const verifier = () =>
    new TokenVerifier({ issuers: [developmentIssuerConfig(config)], clock: systemClock });
  const token = (person: string) => requestDevelopmentToken({ issuerUrl, person });

  it('gives every person a token that says who and where they are', async () => {
    for (const person of DEMO_PEOPLE) {
      expect(await verifier().verify(await token(person.id))).toMatchObject({
        subject: person.id,
        tenantSlug: person.tenant,
        kind: person.kind,
        displayName: person.displayName,
        email: person.email,
        issuer: 'development',
      });
    }
  });

  it('gives a pipeline the same identity by its own client credentials', async () => {
    const answer = await fetch(`${issuerUrl}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('spark%40acme:development')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const { access_token } = (await answer.json()) as { access_token: string };
    expect(await verifier().verify(access_token)).toMatchObject({
      subject: 'spark@acme',
      tenantSlug: 'acme',
      kind: 'service',
    });
  });

  it('names the people that it knows to whoever asks for another', async () => {
    await expect(token('mallory@acme')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('keeps its keys for its user only, so that a token outlives a restart', async () => {
    const before = await token('abel@acme');
    const { mode } = await stat(join(dataDir, 'dev-issuer', 'keys.json'));
    expect(mode & 0o777).toBe(0o600);
    await server.close();
    server = await serve(config);
    expect(await verifier().verify(before)).toMatchObject({ subject: 'abel@acme' });
  });

  it('agrees on one key when two processes start at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dev-issuer-'));
    const [one, ...others] = await Promise.all(
      Array.from({ length: 5 }, () => developmentKeys(folder)),
    );
    for (const other of others) expect(other).toEqual(one);
    await rm(folder, { recursive: true });
  });

  it.each([
    ['in production', { NODE_ENV: 'production' }],
    [
      'beside configured issuers',
      { OIDC_ISSUERS: '[{"issuer":"https://i.example","audience":"a","tenant":"acme"}]' },
    ],
  ])('refuses to run %s', async (_where, env) => {
    await expect(
      loadDevelopmentIssuer(loadConfig({ DATA_DIR: dataDir, ...env })),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  describe('and tokens that are not good', () => {
    const claims = (): JWTPayload => ({
      iss: issuerUrl,
      aud: 'urn:countersign:api',
      sub: 'abel@acme',
      tenant: 'acme',
      client_id: 'countersign-cli',
      iat: seconds(),
      exp: seconds() + 600,
    });
    const header = { alg: 'ES256', typ: 'at+jwt' };
    const issuerKey = async () => {
      const [jwk] = (await developmentKeys(dataDir)).jwks.keys;
      return importJWK(jwk ?? {}, 'ES256');
    };
    const signed = async (over: JWTPayload, head: Record<string, string> = {}) =>
      new SignJWT({ ...claims(), ...over })
        .setProtectedHeader({ ...header, ...head })
        .sign(await issuerKey());

    const cases: readonly [string, string, () => Promise<string> | string][] = [
      ['text that is no token', 'malformed', () => 'nonsense'],
      ['a token longer than any real one', 'malformed', () => 'a'.repeat(20_000)],
      ['alg none', 'unsigned', () => new UnsecuredJWT(claims()).encode()],
      [
        'HS256 with the public key as the secret',
        'algorithm',
        async () => {
          const keys = await (await fetch(`${issuerUrl}/jwks`)).text();
          return new SignJWT(claims())
            .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
            .sign(new TextEncoder().encode(keys));
        },
      ],
      [
        'a forged signature',
        'signature',
        async () => {
          const { privateKey } = await generateKeyPair('ES256');
          return new SignJWT(claims()).setProtectedHeader(header).sign(privateKey);
        },
      ],
      [
        'a changed claim under the old signature',
        'signature',
        async () => {
          const [head, , signature] = (await token('abel@acme')).split('.');
          const body = Buffer.from(JSON.stringify({ ...claims(), sub: 'tara@acme' }));
          return `${head ?? ''}.${body.toString('base64url')}.${signature ?? ''}`;
        },
      ],
      [
        'a key that the issuer does not publish',
        'unknown-key',
        () => signed({}, { kid: 'somebody-elses' }),
      ],
      ['another issuer', 'issuer', () => signed({ iss: 'https://elsewhere.example' })],
      ['another audience', 'audience', () => signed({ aud: 'another-api' })],
      ['a token that is over', 'expired', () => signed({ exp: seconds() - 60 })],
      ['a token of the future', 'not-yet-valid', () => signed({ nbf: seconds() + 600 })],
      ['an ID token', 'token-type', () => signed({ nonce: 'n' }, { typ: 'JWT' })],
      ['no subject', 'claims', () => signed({ sub: undefined as never })],
      ['no expiry', 'claims', () => signed({ exp: undefined as never })],
      ['a tenant outside of the mapping', 'tenant', () => signed({ tenant: 'initech' })],
      ['a tenant named like a property', 'tenant', () => signed({ tenant: 'constructor' })],
      ['no tenant', 'tenant', () => signed({ tenant: undefined })],
    ];

    it.each(cases)('refuses %s', async (_what, reason, make) => {
      const error = await verifier()
        .verify(await make())
        .then(
          () => undefined,
          (failure: unknown) => failure,
        );
      expect(isAppError(error, 'UNAUTHENTICATED')).toBe(true);
      expect(error).toMatchObject({ details: { reason } });
      // What the caller reads is the same for every token of the kind.
      expect(`${String(error)} ${(error as { hint: string }).hint}`).not.toMatch(
        /abel|acme|initech|constructor|elsewhere|http/,
      );
    });

    it('accepts the same claims when nothing is wrong with them (control)', async () => {
      expect(await verifier().verify(await signed({}))).toMatchObject({ subject: 'abel@acme' });
    });
  });

  describe('seeding', () => {
    let test: TestDatabase;
    beforeAll(async () => {
      test = await createTestDatabase();
    });
    afterAll(() => test.drop());

    it('opens tenants, registers people and grants roles, once', async () => {
      const { database } = test;
      const ledger = new LedgerService({ vault: testVault(), database, clock: systemClock });
      const files = loadPolicyFiles(join(projectRoot(), 'policies'));
      const make = () => {
        const policy = new PolicyService({ database, ledger, clock: systemClock, files });
        const identity = new IdentityService({
          database,
          ledger,
          clock: systemClock,
          vault: testVault(),
          verifier: verifier(),
          openPolicy: (tx) => policy.openPolicy(tx),
        });
        return { policy, identity };
      };
      const first = make();
      expect(await seedDemo(first)).toEqual({ tenantsOpened: 3, rolesGranted: 12 });
      const counts = () =>
        test.asOwner(`SELECT (SELECT count(*) FROM tenant) AS tenants,
          (SELECT count(*) FROM principal) AS principals, (SELECT count(*) FROM role_grant) AS grants,
          (SELECT sum(size) FROM ledger_head) AS entries`);
      const before = await counts();
      const second = make();
      expect(await seedDemo(second)).toEqual({ tenantsOpened: 0, rolesGranted: 0 });
      expect(await counts()).toEqual(before);

      const abel = await second.identity.authenticate(await token('abel@acme'));
      expect(abel).toMatchObject({ tenantSlug: 'acme', displayName: 'Abel Approver' });
      expect(await second.policy.authorize(abel, 'promotion.approve', 'model/x')).toMatchObject({
        allowed: true,
      });
      const greg = await second.identity.authenticate(await token('greg@globex'));
      expect(greg.tenantId).not.toBe(abel.tenantId);
      const omar = await second.identity.authenticate(await token('omar'));
      expect(omar.tenantSlug).toBe('installation');
      expect(await second.policy.authorize(omar, 'ledger.read', 'ledger')).toMatchObject({
        allowed: false,
      });

      const queries = new LedgerQueries({ vault: testVault() });
      const types = await database.read(abel.tenantId, async (tx) =>
        (await queries.range(tx, { after: -1n, limit: 100 })).map((entry) => entry.type),
      );
      expect(types[0]).toBe('tenant.opened');
      expect(types.filter((type) => type === 'principal.registered')).toHaveLength(8);
      expect(types.filter((type) => type === 'role.granted')).toHaveLength(8);
      await ledger.close();
    });
  });
});

async function serve(config: Config): Promise<FastifyInstance> {
  const server = fastify();
  await server.register(await loadDevelopmentIssuer(config));
  await server.listen({ port: config.port, host: '127.0.0.1' });
  return server;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}

function seconds(): number {
  return Math.floor(Date.now() / 1_000);
}
