import { z } from 'zod';
import type { OidcIssuer } from './config.js';

/** Asymmetric algorithms of RFC 7518 and RFC 8037. Never `none`, never HS*: a public key would be the secret. */
export const SIGNING_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const slug = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const url = z.url({ protocol: /^https?$/ });

const issuerSchema = z
  .strictObject({
    issuer: url,
    name: z.string().min(1).max(255).optional(),
    audience: z.string().min(1),
    algorithms: z.array(z.enum(SIGNING_ALGORITHMS)).min(1).default(['RS256', 'ES256', 'EdDSA']),
    typ: z.enum(['at+jwt', 'any']).default('at+jwt'),
    tenant: slug.optional(),
    tenantClaim: z.string().min(1).optional(),
    tenants: z.record(z.string().min(1), slug).optional(),
    subjectClaim: z.string().min(1).default('sub'),
    nameClaim: z.string().min(1).default('name'),
    emailClaim: z.string().min(1).default('email'),
    jwksUri: url.optional(),
  })
  .refine(
    ({ tenant, tenantClaim, tenants }) =>
      tenant === undefined
        ? tenantClaim !== undefined && tenants !== undefined
        : tenantClaim === undefined && tenants === undefined,
    'either "tenant", or "tenantClaim" with "tenants"',
  )
  .transform((given): OidcIssuer => {
    const { tenant, tenantClaim, tenants, name, jwksUri, ...rest } = given;
    return {
      ...rest,
      name: name ?? given.issuer,
      jwksUri: jwksUri ?? null,
      tenant:
        tenant === undefined
          ? { kind: 'claim', claim: tenantClaim ?? '', slugs: tenants ?? {} }
          : { kind: 'fixed', slug: tenant },
    };
  });

export const OIDC_ISSUERS_EXPECTED =
  'a JSON array of issuers, each with "issuer", "audience" and either "tenant" or "tenantClaim" with "tenants"';
export const OIDC_ISSUERS_EXAMPLE =
  '\'[{"issuer":"https://login.example/realms/acme","audience":"countersign","tenant":"acme"}]\'';

/** The value of OIDC_ISSUERS. No two issuers may share a URL or a name. */
export const oidcIssuersSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.array(issuerSchema).min(1))
  .refine(
    (issuers) =>
      new Set(issuers.map((i) => i.issuer)).size === issuers.length &&
      new Set(issuers.map((i) => i.name)).size === issuers.length,
    'two issuers share a URL or a name',
  );
