import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '@countersign/config';
import Provider, {
  errors,
  type AccessToken,
  type Context,
  type ResourceServerInfo,
} from 'oidc-provider';
import { developmentKeys } from './development-keys.js';
import { MemoryAdapter } from './memory-adapter.js';
import { DEMO_PEOPLE, demoPerson } from './people.js';
import {
  ACCESS_TOKEN_SECONDS,
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_CLIENT_ID,
  DEVELOPMENT_GRANT,
  developmentIssuerUrl,
  refuseUnlessWanted,
} from './settings.js';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const RESOURCE: ResourceServerInfo = {
  audience: DEVELOPMENT_AUDIENCE,
  scope: '',
  accessTokenFormat: 'jwt',
  accessTokenTTL: ACCESS_TOKEN_SECONDS,
  jwt: { sign: { alg: 'ES256' } },
};

/** Services authenticate at the token endpoint with their name and this, which everybody knows. */
const SERVICE_SECRET = 'development';

/**
 * An OpenID Connect provider for development, as a plain request handler: discovery, keys, client credentials
 * and one grant that gives anybody a token of any demo person. Throws CONFLICT where it must not run.
 */
export async function createDevelopmentIssuer(
  config: Pick<Config, 'nodeEnv' | 'issuers' | 'publicUrl' | 'port' | 'dataDir'>,
): Promise<RequestHandler> {
  refuseUnlessWanted(config);
  const { jwks, cookieKey } = await developmentKeys(config.dataDir);
  const provider = new Provider(developmentIssuerUrl(config), {
    adapter: MemoryAdapter,
    jwks,
    cookies: { keys: [cookieKey] },
    clients: [
      {
        client_id: DEVELOPMENT_CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: [DEVELOPMENT_GRANT],
        response_types: [],
        redirect_uris: [],
      },
      ...DEMO_PEOPLE.filter(({ kind }) => kind === 'service').map(({ id }) => ({
        client_id: id,
        client_secret: SERVICE_SECRET,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      })),
    ],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => DEVELOPMENT_AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => RESOURCE,
      },
    },
    ttl: { AccessToken: ACCESS_TOKEN_SECONDS, ClientCredentials: ACCESS_TOKEN_SECONDS },
    findAccount: (_context: unknown, id: string) =>
      demoPerson(id) === undefined ? undefined : { accountId: id, claims: () => ({ sub: id }) },
    extraTokenClaims: (_context: unknown, token: AccessToken) =>
      claimsOf(token.accountId ?? token.clientId ?? ''),
  });
  provider.registerGrantType(DEVELOPMENT_GRANT, personGrant(provider), ['person']);
  return provider.callback();
}

/** Answers with a token of the person that was asked for. A service gets the one it would get by itself. */
function personGrant(provider: Provider): (context: Context) => Promise<void> {
  return async (context) => {
    const person = demoPerson(context.oidc.params['person'] ?? '');
    const client =
      person?.kind === 'service' ? await provider.Client.find(person.id) : context.oidc.client;
    if (person === undefined || client === undefined) {
      throw new errors.InvalidGrant(`the people are ${DEMO_PEOPLE.map(({ id }) => id).join(', ')}`);
    }
    const token =
      person.kind === 'service'
        ? new provider.ClientCredentials({ client })
        : new provider.AccessToken({ client, accountId: person.id, gty: DEVELOPMENT_GRANT });
    token.resourceServer = new provider.ResourceServer(DEVELOPMENT_AUDIENCE, RESOURCE);
    context.oidc.entity(person.kind === 'service' ? 'ClientCredentials' : 'AccessToken', token);
    context.body = {
      access_token: await token.save(),
      expires_in: token.expiration,
      token_type: token.tokenType,
    };
  };
}

function claimsOf(id: string): Record<string, string> {
  const person = demoPerson(id);
  if (person === undefined) return {};
  const { tenant, displayName: name, email } = person;
  return email === null ? { tenant, name } : { tenant, name, email };
}
