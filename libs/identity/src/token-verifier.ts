import { createHash } from 'node:crypto';
import type { OidcIssuer } from '@countersign/config';
import { isAppError, type Clock } from '@countersign/kernel';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { BoundedCache } from './bounded-cache.js';
import { IssuerKeys } from './issuer-keys.js';
import type { PrincipalKind } from './principal.js';
import { keysUnavailable, unauthenticated } from './unauthenticated.js';

/** What a good token says, by the mapping of its issuer. */
export interface VerifiedToken {
  /** OidcIssuer.name */
  readonly issuer: string;
  readonly tenantSlug: string;
  readonly kind: PrincipalKind;
  readonly subject: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly expiresAt: Date;
}

export interface TokenVerifierOptions {
  readonly issuers: readonly OidcIssuer[];
  readonly clock: Clock;
  /** Default 30. */
  readonly clockToleranceSeconds?: number;
  /** How long a verified token is not looked at again, at most until it expires. Default 30. */
  readonly cacheSeconds?: number;
  /** Default 10,000 tokens. */
  readonly cacheSize?: number;
}

const TOKEN_CHARACTERS_MAX = 16_384;
const TEXT_CHARACTERS_MAX = 255;

/**
 * Checks access tokens of the configured issuers: signature, issuer, audience, algorithm, type (RFC 9068),
 * validity. The tenant comes from (issuer, claim) and from nowhere else.
 */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, { config: OidcIssuer; keys: IssuerKeys }>;
  readonly #options: Required<TokenVerifierOptions>;
  readonly #verified: BoundedCache<{ token: VerifiedToken; until: number }>;

  constructor(options: TokenVerifierOptions) {
    this.#options = { clockToleranceSeconds: 30, cacheSeconds: 30, cacheSize: 10_000, ...options };
    this.#issuers = new Map(
      options.issuers.map((config) => [config.issuer, { config, keys: new IssuerKeys(config) }]),
    );
    this.#verified = new BoundedCache(this.#options.cacheSize);
  }

  /** Throws UNAUTHENTICATED with `details.reason`, or UNAVAILABLE when the issuer's keys cannot be read. */
  async verify(token: string): Promise<VerifiedToken> {
    if (token.length > TOKEN_CHARACTERS_MAX) throw unauthenticated('malformed');
    const key = createHash('sha256').update(token).digest('base64');
    const now = this.#options.clock.now().getTime();
    const seen = this.#verified.get(key);
    if (seen !== undefined && now < seen.until) return seen.token;
    this.#verified.delete(key);
    const verified = await this.#check(token);
    const until = Math.min(verified.expiresAt.getTime(), now + this.#options.cacheSeconds * 1_000);
    this.#verified.set(key, { token: verified, until });
    return verified;
  }

  /** Tokens that are remembered now; never above cacheSize. */
  get cached(): number {
    return this.#verified.count;
  }

  async #check(token: string): Promise<VerifiedToken> {
    const claimed = readUnverified(token);
    const known = this.#issuers.get(claimed.issuer);
    if (known === undefined) throw unauthenticated('issuer');
    const { config, keys } = known;
    const resolver = await keys.resolver();
    try {
      const { payload } = await jwtVerify(token, resolver, {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: [...config.algorithms],
        clockTolerance: this.#options.clockToleranceSeconds,
        currentDate: this.#options.clock.now(),
        requiredClaims: ['exp', 'iat', config.subjectClaim],
        ...(config.typ === 'any' ? {} : { typ: config.typ }),
      });
      return readClaims(config, payload);
    } catch (error) {
      throw translated(error);
    }
  }
}

/** Issuer and algorithm as the token claims them: only good for choosing how to check it. */
function readUnverified(token: string): { issuer: string } {
  let issuer: unknown;
  let algorithm: unknown;
  try {
    algorithm = decodeProtectedHeader(token).alg;
    issuer = decodeJwt(token).iss;
  } catch (error) {
    throw unauthenticated('malformed', error);
  }
  if (typeof algorithm !== 'string' || algorithm.toLowerCase() === 'none') {
    throw unauthenticated('unsigned');
  }
  if (typeof issuer !== 'string') throw unauthenticated('issuer');
  return { issuer };
}

function readClaims(config: OidcIssuer, payload: JWTPayload): VerifiedToken {
  // Without a type in the header, an ID token is known by what only ID tokens carry (OIDC Core §2, §3.1.3.6).
  if (config.typ === 'any' && ('nonce' in payload || 'at_hash' in payload)) {
    throw unauthenticated('token-type');
  }
  const subject = text(payload[config.subjectClaim]);
  if (subject === null || payload.exp === undefined) throw unauthenticated('claims');
  const email = text(payload[config.emailClaim]);
  return {
    issuer: config.name,
    tenantSlug: tenantOf(config, payload),
    kind: payload['client_id'] === subject ? 'service' : 'user',
    subject,
    displayName: text(payload[config.nameClaim]) ?? email ?? subject,
    email,
    expiresAt: new Date(payload.exp * 1_000),
  };
}

function tenantOf(config: OidcIssuer, payload: JWTPayload): string {
  if (config.tenant.kind === 'fixed') return config.tenant.slug;
  const value = payload[config.tenant.claim];
  const { slugs } = config.tenant;
  const slug = typeof value === 'string' && Object.hasOwn(slugs, value) ? slugs[value] : undefined;
  if (slug === undefined) throw unauthenticated('tenant');
  return slug;
}

/** A short, printable, non-empty string, or null. */
function text(value: unknown): string | null {
  return typeof value === 'string' &&
    value.length > 0 &&
    value.length <= TEXT_CHARACTERS_MAX &&
    !/[\p{Cc}\p{Cs}]/u.test(value)
    ? value
    : null;
}

/** jose's error codes as our reasons. What is not a fault of the token is an outage of the issuer. */
function translated(error: unknown): Error {
  if (isAppError(error)) return error;
  if (error instanceof errors.JWTExpired) return unauthenticated('expired', error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf') return unauthenticated('not-yet-valid', error);
    if (error.claim === 'iss') return unauthenticated('issuer', error);
    if (error.claim === 'aud') return unauthenticated('audience', error);
    if (error.claim === 'typ') return unauthenticated('token-type', error);
    return unauthenticated('claims', error);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return unauthenticated('algorithm', error);
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return unauthenticated('signature', error);
  }
  if (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return unauthenticated('unknown-key', error);
  }
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return unauthenticated('malformed', error);
  }
  return keysUnavailable(error);
}
