import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OidcIssuer } from '@countersign/config';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface TokenIssuer {
  readonly config: OidcIssuer;
  token(claims: Readonly<Record<string, unknown>>): Promise<string>;
  stop(): Promise<void>;
}

/** An issuer as production configures one: keys over HTTP, tokens of RFC 9068, tenants by a claim. */
export async function startTokenIssuer(
  slugs: Readonly<Record<string, string>>,
): Promise<TokenIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'k1' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = 'https://login.example';
  const config: OidcIssuer = {
    issuer,
    name: 'login',
    audience: 'urn:countersign:api',
    algorithms: ['ES256'],
    typ: 'at+jwt',
    tenant: { kind: 'claim', claim: 'org', slugs },
    subjectClaim: 'sub',
    nameClaim: 'name',
    emailClaim: 'email',
    jwksUri: `http://127.0.0.1:${port}/jwks`,
  };
  return {
    config,
    token: (claims) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
        .setIssuer(issuer)
        .setAudience(config.audience)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
