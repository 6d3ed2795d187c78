import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@countersign/kernel';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
} from 'jose';
import type { Pin } from './domain/pin.js';

/** `typ` of a permit's header: a permit is no access token and never passes for one (RFC 8725 §3.11). */
export const PERMIT_TYPE = 'permit+jwt';

/** What a permit states. Times are whole seconds, as in every JWT. */
export interface PermitClaims {
  readonly jti: string;
  readonly requestId: string;
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly pin: Pin;
  readonly pinDigest: string;
  /** Sequence of the entry that led to it, and that entry's leaf hash in hex. */
  readonly ledgerSequence: bigint;
  readonly ledgerHead: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export interface IssuedPermit {
  /** Compact JWS. A bearer secret until it is used. */
  readonly token: string;
  /** Lower-case hex; the only trace of the token in the ledger. */
  readonly tokenSha256: string;
  readonly keyId: string;
}

/** Signs permits with one Ed25519 key and publishes its public half. */
export class PermitIssuer {
  private constructor(
    readonly issuer: string,
    readonly keyId: string,
    private readonly key: CryptoKey,
    private readonly publicJwk: JWK,
  ) {}

  /**
   * Opens the key of `keyFile` (a private JWK, mode 0600), making it at the first start. `issuer` is the public
   * address of the installation. Throws INVALID_PERMIT_KEY when the file holds something else.
   */
  static async open(options: { keyFile: string; issuer: string }): Promise<PermitIssuer> {
    const jwk = await readOrCreate(options.keyFile);
    const { kty, crv, x } = jwk;
    if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined || jwk.d === undefined) {
      throw new AppError('INVALID_PERMIT_KEY', {
        publicMessage: `${options.keyFile} does not hold an Ed25519 private key as a JWK.`,
        hint: 'Put the right file back, or move it away to have a new key made. Old permits then fail.',
      });
    }
    const publicJwk: JWK = { kty, crv, x };
    const keyId = await calculateJwkThumbprint(publicJwk);
    const key = await importJWK(jwk, 'EdDSA');
    if (!('type' in key)) throw new AppError('INVALID_PERMIT_KEY', { publicMessage: 'Not a key.' });
    return new PermitIssuer(options.issuer, keyId, key, {
      ...publicJwk,
      kid: keyId,
      alg: 'EdDSA',
      use: 'sig',
    });
  }

  /** The set for `/.well-known/jwks.json`: public keys only. */
  jwks(): JSONWebKeySet {
    return { keys: [{ ...this.publicJwk }] };
  }

  async issue(claims: PermitClaims): Promise<IssuedPermit> {
    const { pin } = claims;
    const [kind, name] = splitTarget(pin.target);
    const token = await new SignJWT({
      tenant: claims.tenantId,
      registry: {
        source: pin.source,
        name: pin.model,
        version: pin.version,
        incarnation: pin.incarnation,
        runId: pin.runId,
        sourceUri: pin.sourceUri,
      },
      artifactDigest: pin.artifactDigest,
      lineageDigest: pin.lineageDigest,
      action: kind,
      target: name,
      from: pin.expectedHolders,
      requestId: claims.requestId,
      pinDigest: claims.pinDigest,
      policyVersion: pin.policyVersion,
      ledgerSeq: String(claims.ledgerSequence),
      ledgerHead: claims.ledgerHead,
    })
      .setProtectedHeader({ alg: 'EdDSA', typ: PERMIT_TYPE, kid: this.keyId })
      .setIssuer(this.issuer)
      .setAudience(permitAudience(claims.tenantSlug))
      .setSubject(`version:${pin.modelVersionId}`)
      .setJti(claims.jti)
      .setIssuedAt(claims.issuedAt)
      .setNotBefore(claims.issuedAt)
      .setExpirationTime(claims.expiresAt)
      .sign(this.key);
    return {
      token,
      tokenSha256: createHash('sha256').update(token).digest('hex'),
      keyId: this.keyId,
    };
  }
}

/** Who may act on a permit of this tenant: the gateway before its registry, and its deployers. */
export function permitAudience(tenantSlug: string): string[] {
  return [`mlflow-gw:${tenantSlug}`, `deployer:${tenantSlug}`];
}

function splitTarget(target: string): [string, string] {
  const colon = target.indexOf(':');
  return [target.slice(0, colon), target.slice(colon + 1)];
}

async function readOrCreate(file: string): Promise<JWK> {
  const found = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (found !== null) return parseJwk(file, found);
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Linked into place when complete: of two processes that start at once, one makes the key and both read it.
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, `${JSON.stringify(jwk)}\n`, { mode: 0o600, flush: true });
  try {
    await link(unfinished, file);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    await unlink(unfinished);
  }
  return parseJwk(file, await readFile(file, 'utf8'));
}

function parseJwk(file: string, text: string): JWK {
  try {
    const jwk: unknown = JSON.parse(text);
    if (typeof jwk === 'object' && jwk !== null) return jwk;
  } catch {
    // falls through: not JSON, so not a key
  }
  throw new AppError('INVALID_PERMIT_KEY', {
    publicMessage: `${file} does not hold a private key as a JWK.`,
    hint: 'Put the right file back, or move it away to have a new key made. Old permits then fail.',
  });
}

function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
