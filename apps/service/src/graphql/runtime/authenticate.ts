import type { Database } from '@countersign/database';
import type { IdentityService } from '@countersign/identity';
import { AppError, isAppError } from '@countersign/kernel';
import { Caller, type Authentication } from './caller.js';

/** Finds out who sent a request, from its Authorization header and nothing else. */
export class CallerFactory {
  constructor(
    private readonly identity: Pick<IdentityService, 'authenticate'>,
    private readonly database: Database,
  ) {}

  /**
   * Never fails for a missing or wrong token, nor for one of a closed tenant: fields that need a principal then
   * answer UNAUTHENTICATED or KEY_DESTROYED, and a schema can be read without one. Throws when the token cannot be
   * checked right now.
   */
  async fromHeader(requestId: string, authorization: string | undefined): Promise<Caller> {
    return new Caller(requestId, await this.#authenticate(authorization), this.database);
  }

  async #authenticate(authorization: string | undefined): Promise<Authentication> {
    const token = /^Bearer +([^ ]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return { principal: null, failure: missing() };
    try {
      return { principal: await this.identity.authenticate(token), failure: null };
    } catch (error) {
      if (isAppError(error, 'UNAUTHENTICATED') || isAppError(error, 'KEY_DESTROYED')) {
        return { principal: null, failure: error };
      }
      throw error;
    }
  }
}

function missing(): AppError {
  return new AppError('UNAUTHENTICATED', {
    publicMessage: 'This needs an access token.',
    hint: "Send it as 'Authorization: Bearer <token>'. In development: npx countersign token --as ana@acme",
  });
}
