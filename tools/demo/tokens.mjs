// Access tokens of the development issuer, kept until shortly before they expire.
import * as oidc from 'openid-client';

/** Returns `tokenOf(person)`. The issuer runs inside the service, under /dev-issuer. */
export function createTokens(url) {
  const kept = new Map();
  let configuration;
  return async (name) => {
    const known = kept.get(name);
    if (known && known.until > Date.now()) return known.token;
    configuration ??= oidc.discovery(
      new URL(`${url}/dev-issuer`),
      'countersign-cli',
      undefined,
      oidc.None(),
      {
        execute: [oidc.allowInsecureRequests],
      },
    );
    const answer = await oidc.genericGrantRequest(
      await configuration,
      'urn:countersign:dev-person',
      { person: name },
    );
    kept.set(name, { token: answer.access_token, until: Date.now() + 60_000 });
    return answer.access_token;
  };
}
