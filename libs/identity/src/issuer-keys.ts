import type { OidcIssuer } from '@countersign/config';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { keysUnavailable } from './unauthenticated.js';

const TIMEOUT_MS = 5_000;
/** Between two fetches for a key id that was not there, so that forged key ids cannot make us hammer. */
const COOLDOWN_MS = 10_000;
const CACHE_MS = 10 * 60_000;

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * Signing keys of one issuer: read from `jwksUri`, or from where OpenID Connect Discovery says. Kept for ten
 * minutes; an unknown key id reads them again, at most every ten seconds. Throws UNAVAILABLE.
 */
export class IssuerKeys {
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(readonly issuer: OidcIssuer) {}

  async resolver(): Promise<JWTVerifyGetKey> {
    this.#keys ??= this.#open();
    try {
      return await this.#keys;
    } catch (error) {
      this.#keys = undefined;
      throw keysUnavailable(error);
    }
  }

  async #open(): Promise<JWTVerifyGetKey> {
    const uri = this.issuer.jwksUri ?? (await discoverJwksUri(this.issuer.issuer));
    return createRemoteJWKSet(new URL(uri), {
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: CACHE_MS,
      timeoutDuration: TIMEOUT_MS,
    });
  }
}

/** OpenID Connect Discovery 1.0 §4: the document must name the issuer that it was asked for. */
async function discoverJwksUri(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { accept: 'application/json' },
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const metadata = metadataSchema.parse(await response.json());
  if (metadata.issuer !== issuer) throw new Error(`${url} names another issuer`);
  return metadata.jwks_uri;
}
