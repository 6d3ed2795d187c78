import { z } from 'zod';
import { CommandFailure } from '../exit.js';
import { reach } from './api-client.js';
import type { Installation } from './runtime.js';

const answerSchema = z.object({ access_token: z.string() });
const refusalSchema = z.object({ error_description: z.string() });

/** A token of a demo person from the development issuer of a running service. */
export async function developmentToken({ url }: Installation, person: string): Promise<string> {
  const response = await reach(`${url}/dev-issuer/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'urn:countersign:dev-person',
      client_id: 'countersign-cli',
      person,
    }).toString(),
  });
  const body: unknown = await response.json().catch(() => null);
  const answer = answerSchema.safeParse(body);
  if (answer.success) return answer.data.access_token;
  if (response.status === 404) {
    throw new CommandFailure(
      'The service has no development issuer.',
      'In production, or with OIDC_ISSUERS set, take a token of your identity provider and pass it with --token.',
    );
  }
  const refusal = refusalSchema.safeParse(body);
  throw new CommandFailure(
    `There is no token for ${person}.`,
    refusal.success ? refusal.data.error_description : `The issuer answered ${response.status}.`,
  );
}

/** How a command that uses the API signs in. */
export interface SignIn {
  readonly as?: string;
  readonly token?: string;
}

/** The token to use: the given one, or one of the development issuer. */
export async function tokenFor(where: Installation, { as, token }: SignIn): Promise<string> {
  if (token !== undefined) return token;
  if (as !== undefined) return developmentToken(where, as);
  throw new CommandFailure(
    'This needs to know who is asking.',
    'Add --as tara@acme (development issuer) or --token <access token>.',
    3,
  );
}
