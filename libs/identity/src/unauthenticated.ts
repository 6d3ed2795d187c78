import { AppError } from '@countersign/kernel';

/** Why a token was turned away. For the log; the caller gets the sentence and the hint below. */
export type TokenFault = keyof typeof FAULTS;

const NEW_TOKEN = 'Get a new access token from your identity provider and send it as "Bearer".';
const FAULTS = {
  malformed: ['The bearer token is not a signed JSON Web Token.', NEW_TOKEN],
  unsigned: ['The token is not signed.', NEW_TOKEN],
  algorithm: [
    'The token is signed with an algorithm that is not accepted here.',
    'Have your identity provider sign access tokens with an algorithm that the operator allowed for it.',
  ],
  signature: ['The signature of the token does not hold.', NEW_TOKEN],
  'unknown-key': ['The token is signed with a key that its issuer does not publish.', NEW_TOKEN],
  expired: ['The token has expired.', NEW_TOKEN],
  'not-yet-valid': [
    'The token is not valid yet.',
    'Compare the clocks of the identity provider and of this service.',
  ],
  issuer: [
    'The token was not issued by a provider that this service trusts.',
    'Sign in with the provider that the operator configured in OIDC_ISSUERS.',
  ],
  audience: [
    'The token was made for another API.',
    'Ask for an access token whose audience is this API.',
  ],
  'token-type': [
    'The token is not an access token.',
    'Send the access token, not the ID token. The operator can relax "typ" for a provider that does not type its tokens.',
  ],
  claims: ['The token lacks a claim that is needed here, or a claim is not usable.', NEW_TOKEN],
  tenant: [
    'The token belongs to no tenant of this installation.',
    'Ask the operator to map your organisation to a tenant.',
  ],
} as const;

/** UNAUTHENTICATED with `details.reason`. Says nothing about what the token held or which tenants exist. */
export function unauthenticated(reason: TokenFault, cause?: unknown): AppError {
  const [publicMessage, hint] = FAULTS[reason];
  return new AppError('UNAUTHENTICATED', {
    publicMessage,
    hint,
    details: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** UNAVAILABLE: the token may be good, but its issuer's keys cannot be read now. */
export function keysUnavailable(cause: unknown): AppError {
  return new AppError('UNAVAILABLE', {
    publicMessage: 'The keys of the identity provider cannot be read at the moment.',
    hint: 'Try again in a few seconds.',
    details: { reason: 'keys-unavailable', retryAfterSeconds: 5 },
    cause,
  });
}
