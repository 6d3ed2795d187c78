import { AppError } from '@countersign/kernel';
import * as oidc from 'openid-client';
import { DEMO_PEOPLE } from './people.js';
import { DEVELOPMENT_CLIENT_ID, DEVELOPMENT_GRANT } from './settings.js';

/**
 * An access token of a demo person from a running service. `issuerUrl` is its PUBLIC_URL with /dev-issuer.
 * Throws BAD_REQUEST for an unknown person and UNAVAILABLE when the issuer does not answer.
 */
export async function requestDevelopmentToken(options: {
  readonly issuerUrl: string;
  readonly person: string;
}): Promise<string> {
  if (!DEMO_PEOPLE.some(({ id }) => id === options.person)) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: 'The development issuer does not know this person.',
      hint: `It knows ${DEMO_PEOPLE.map(({ id }) => id).join(', ')}.`,
    });
  }
  try {
    const configuration = await oidc.discovery(
      new URL(options.issuerUrl),
      DEVELOPMENT_CLIENT_ID,
      undefined,
      oidc.None(),
      // Marked as deprecated to stand out: this issuer speaks plain HTTP on the local machine.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      { execute: [oidc.allowInsecureRequests], timeout: 10 },
    );
    const answer = await oidc.genericGrantRequest(configuration, DEVELOPMENT_GRANT, {
      person: options.person,
    });
    return answer.access_token;
  } catch (error) {
    throw new AppError('UNAVAILABLE', {
      publicMessage: `The development issuer does not answer at ${options.issuerUrl}.`,
      hint: 'Start the service with npm start. In production use the access tokens of your identity provider.',
      cause: error,
    });
  }
}
