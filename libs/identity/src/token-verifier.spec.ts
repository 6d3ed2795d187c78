import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OidcIssuer } from '@countersign/config';
import { fixedClock } from '@countersign/kernel';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { TokenVerifier, type TokenVerifierOptions } from './token-verifier.js';

const START = new Date('2026-11-21T10:00:00Z');
const seconds = Math.floor(START.getTime() / 1_000);

/** A provider that answers discovery and keys, counts requests and can be made to fail. */
describe('TokenVerifier', () => {
  let server: Server;
  let url: string;
  let privateKey: CryptoKey;
  let jwks: object;
  let requests: string[];
  let broken: boolean;
  let namedIssuer: string;
  const clock = fixedClock(START);

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    privateKey = pair.privateKey;
    jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256', use: 'sig' }] };
    server = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.setHeader('content-type', 'application/json');
      response.statusCode = broken ? 500 : 200;
      const metadata = { issuer: namedIssuer, jwks_uri: `${url}/keys` };
      response.end(JSON.stringify(request.url === '/keys' ? jwks : metadata));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    requests = [];
    broken = false;
    namedIssuer = url;
    clock.set(START);
  });
  afterAll(() => server.close());

  const issuer = (over: Partial<OidcIssuer> = {}): OidcIssuer => ({
    issuer: url,
    name: 'idp',
    audience: 'api',
    algorithms: ['ES256'],
    typ: 'at+jwt',
    tenant: { kind: 'fixed', slug: 'acme' },
    subjectClaim: 'sub',
    nameClaim: 'name',
    emailClaim: 'email',
    jwksUri: null,
    ...over,
  });
  const make = (over: Partial<OidcIssuer> = {}, options: Partial<TokenVerifierOptions> = {}) =>
    new TokenVerifier({ issuers: [issuer(over)], clock, ...options });
  const sign = (claims: JWTPayload = {}, typ = 'at+jwt') =>
    new SignJWT({
      iss: url,
      aud: 'api',
      sub: 'abel',
      iat: seconds,
      exp: seconds + 600,
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ })
      .sign(privateKey);

  it('finds the keys by discovery, once', async () => {
    const verifier = make();
    await verifier.verify(await sign());
    await verifier.verify(await sign({ sub: 'beth' }));
    expect(requests).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('reads the keys where it is told to', async () => {
    await make({ jwksUri: `${url}/keys` }).verify(await sign());
    expect(requests).toEqual(['/keys']);
  });

  it('does not take keys from a document that names another issuer', async () => {
    namedIssuer = 'https://elsewhere.example';
    await expect(make().verify(await sign())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('tells an outage of the issuer from a bad token, and recovers', async () => {
    const verifier = make();
    broken = true;
    await expect(verifier.verify(await sign())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { retryAfterSeconds: 5 },
    });
    broken = false;
    expect(await verifier.verify(await sign())).toMatchObject({ subject: 'abel' });
  });

  it('remembers a token for thirty seconds and never beyond its end', async () => {
    const verifier = make({}, { clockToleranceSeconds: 0 });
    const token = await sign({ exp: seconds + 10 });
    await verifier.verify(token);
    clock.set(new Date(START.getTime() + 9_999));
    await verifier.verify(token);
    clock.set(new Date(START.getTime() + 10_000));
    await expect(verifier.verify(token)).rejects.toMatchObject({ details: { reason: 'expired' } });
  });

  it('remembers a bounded number of tokens, and none that was refused', async () => {
    const verifier = make({}, { cacheSize: 3 });
    for (let index = 0; index < 6; index += 1)
      await verifier.verify(await sign({ sub: `u${index}` }));
    expect(verifier.cached).toBe(3);
    const strict = make();
    await expect(strict.verify(await sign({ aud: 'other' }))).rejects.toThrow();
    expect(strict.cached).toBe(0);
  });

  it('knows an ID token by its claims where access tokens are not typed', async () => {
    const lenient = make({ typ: 'any' });
    expect(await lenient.verify(await sign({}, 'JWT'))).toMatchObject({ subject: 'abel' });
    for (const claim of ['nonce', 'at_hash']) {
      await expect(lenient.verify(await sign({ [claim]: 'x' }, 'JWT'))).rejects.toMatchObject({
        details: { reason: 'token-type' },
      });
    }
  });

  it('takes the tenant from the issuer and its mapping, whatever else the token claims', async () => {
    expect(await make().verify(await sign({ tenant: 'globex' }))).toMatchObject({
      tenantSlug: 'acme',
    });
    const mapped = make({ tenant: { kind: 'claim', claim: 'tid', slugs: { 'a-1': 'acme' } } });
    expect(await mapped.verify(await sign({ tid: 'a-1' }))).toMatchObject({ tenantSlug: 'acme' });
    for (const tid of ['acme', 'toString', '', ['a-1'], 7]) {
      await expect(mapped.verify(await sign({ tid }))).rejects.toMatchObject({
        details: { reason: 'tenant' },
      });
    }
  });

  it('calls a principal by its name, else by its address, else by its subject', async () => {
    const nameOf = async (claims: JWTPayload) =>
      (await make().verify(await sign(claims))).displayName;
    expect(await nameOf({ name: 'Abel', email: 'a@b.example' })).toBe('Abel');
    expect(await nameOf({ name: 'a\u0000b', email: 'a@b.example' })).toBe('a@b.example');
    expect(await nameOf({ name: 'x'.repeat(300) })).toBe('abel');
  });
});
