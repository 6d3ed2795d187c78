import { isPattern } from './pattern.js';
import type { RoleCatalogue } from './role-catalogue.js';

/** Why a grant is not made although the caller may make grants. */
export interface GrantRefusal {
  readonly code:
    | 'UNKNOWN_ROLE'
    | 'BAD_OBJECT'
    | 'BAD_PERIOD'
    | 'REASON_MISSING'
    | 'SELF_GRANT'
    | 'TOXIC_PAIR'
    | 'ALREADY_GRANTED';
  readonly message: string;
  readonly hint: string;
}

export interface ProposedGrant {
  readonly subject: string;
  /** Without prefix. */
  readonly role: string;
  readonly object: string;
  readonly validFrom: Date;
  readonly validUntil: Date | null;
  readonly reason: string;
}

/** What the subject holds now or will hold: grants that are neither revoked nor over. Roles without prefix. */
export interface HeldGrant {
  readonly role: string;
  readonly object: string;
}

const REASON_CHARACTERS_MAX = 2_000;

/** Null when the grant may be made. `grantedBy` is the actor. */
export function refusalOf(
  roles: RoleCatalogue,
  grant: ProposedGrant,
  held: readonly HeldGrant[],
  grantedBy: string,
  now: Date,
): GrantRefusal | null {
  if (!roles.has(grant.role)) {
    return {
      code: 'UNKNOWN_ROLE',
      message: 'There is no such role.',
      hint: `The roles are ${roles.names.join(', ')}.`,
    };
  }
  if (!isPattern(grant.object)) {
    return {
      code: 'BAD_OBJECT',
      message: 'The object of a grant is *, one object, or one object followed by /*.',
      hint: 'For example: *, model/card-fraud, model/card-fraud/*.',
    };
  }
  const { validFrom, validUntil } = grant;
  if (validFrom < now) {
    return {
      code: 'BAD_PERIOD',
      message: 'A grant cannot begin in the past.',
      hint: 'Leave validFrom out to begin now.',
    };
  }
  if (validUntil !== null && (validUntil <= validFrom || validUntil <= now)) {
    return {
      code: 'BAD_PERIOD',
      message: 'The grant would end before it begins, or is over already.',
      hint: 'Give a validUntil in the future, or none.',
    };
  }
  if (grant.reason.trim() === '' || grant.reason.length > REASON_CHARACTERS_MAX) {
    return {
      code: 'REASON_MISSING',
      message: 'A grant needs a reason of 1 to 2,000 characters.',
      hint: 'Say why this person needs the role; it is kept in the ledger.',
    };
  }
  return refusalByHolder(roles, grant, held, grantedBy);
}

function refusalByHolder(
  roles: RoleCatalogue,
  grant: ProposedGrant,
  held: readonly HeldGrant[],
  grantedBy: string,
): GrantRefusal | null {
  if (grant.subject === grantedBy) {
    return {
      code: 'SELF_GRANT',
      message: 'Nobody grants a role to themselves.',
      hint: 'Ask another tenant-admin.',
    };
  }
  if (held.some(({ role, object }) => role === grant.role && object === grant.object)) {
    return {
      code: 'ALREADY_GRANTED',
      message: 'The subject holds this role on this object already.',
      hint: 'Revoke the present grant first if its period is to change.',
    };
  }
  const pair = roles.toxicPairIn([grant.role, ...held.map(({ role }) => role)]);
  if (pair !== undefined) {
    return {
      code: 'TOXIC_PAIR',
      message: `One subject must not hold ${pair.roles.join(' and ')} together. ${pair.because}`,
      hint: 'Revoke the other role first, or grant the role to somebody else.',
    };
  }
  return null;
}
