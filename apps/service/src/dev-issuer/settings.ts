import type { Config, OidcIssuer } from '@countersign/config';
import { AppError } from '@countersign/kernel';
import { DEMO_TENANTS } from './people.js';

/** Where the issuer is mounted on the service's own port. */
export const DEVELOPMENT_ISSUER_PATH = '/dev-issuer';
/** Its name in principals, whatever port or host it was reached by. */
export const DEVELOPMENT_ISSUER_NAME = 'development';
/** The `aud` of its access tokens. */
export const DEVELOPMENT_AUDIENCE = 'urn:countersign:api';
export const DEVELOPMENT_CLIENT_ID = 'countersign-cli';
/** A grant that gives a token for any person of the demo: parameter `person`. */
export const DEVELOPMENT_GRANT = 'urn:countersign:dev-person';
export const ACCESS_TOKEN_SECONDS = 3_600;

type IssuerConfig = Pick<Config, 'nodeEnv' | 'issuers' | 'publicUrl' | 'port'>;

/** True when the development issuer is to serve: not in production, and no other issuer was configured. */
export function developmentIssuerWanted(config: IssuerConfig): boolean {
  return config.nodeEnv !== 'production' && config.issuers.length === 0;
}

/** Throws CONFLICT where the development issuer must not run: everybody may be anybody with it. */
export function refuseUnlessWanted(config: IssuerConfig): void {
  if (developmentIssuerWanted(config)) return;
  throw new AppError('CONFLICT', {
    publicMessage:
      'The development issuer runs neither in production nor beside configured issuers.',
    hint: 'Configure OIDC_ISSUERS for production; unset it for development.',
  });
}

/** The issuers whose tokens are accepted: the configured ones, else the development issuer. */
export function effectiveIssuers(config: IssuerConfig): readonly OidcIssuer[] {
  return developmentIssuerWanted(config) ? [developmentIssuerConfig(config)] : config.issuers;
}

/** How the service trusts its own development issuer. Keys are read over loopback, on the same port. */
export function developmentIssuerConfig(config: IssuerConfig): OidcIssuer {
  return {
    issuer: developmentIssuerUrl(config),
    name: DEVELOPMENT_ISSUER_NAME,
    audience: DEVELOPMENT_AUDIENCE,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    tenant: {
      kind: 'claim',
      claim: 'tenant',
      slugs: Object.fromEntries(DEMO_TENANTS.map(({ slug }) => [slug, slug])),
    },
    subjectClaim: 'sub',
    nameClaim: 'name',
    emailClaim: 'email',
    jwksUri: `http://127.0.0.1:${config.port}${DEVELOPMENT_ISSUER_PATH}/jwks`,
  };
}

/** The `iss` of development tokens. */
export function developmentIssuerUrl(config: Pick<Config, 'publicUrl'>): string {
  return `${config.publicUrl}${DEVELOPMENT_ISSUER_PATH}`;
}
