import { RUNTIME_ROLE } from './pool.js';

/** Why a database cannot be used, and what to do about it, in words for whoever set it up. */
export interface ConnectionFailure {
  readonly message: string;
  readonly hint: string;
}

const URL_HINT = 'Check DATABASE_URL, or use `npm start`, which brings a database of its own.';
const ROLE_HINT = `Run \`npx countersign migrate\`, then GRANT ${RUNTIME_ROLE} TO the login of DATABASE_URL.`;

/** By SQLSTATE (PostgreSQL, appendix A) or the code of Node's socket errors. */
const FAILURES: Readonly<Record<string, readonly [string, string]>> = {
  ECONNREFUSED: ['No database answers at DATABASE_URL.', URL_HINT],
  ECONNRESET: ['The database of DATABASE_URL broke the connection off.', URL_HINT],
  EHOSTUNREACH: ['The host of DATABASE_URL cannot be reached.', URL_HINT],
  ENOTFOUND: ['The host of DATABASE_URL is not known.', URL_HINT],
  EAI_AGAIN: ['The host of DATABASE_URL cannot be looked up right now.', URL_HINT],
  ETIMEDOUT: ['The database of DATABASE_URL does not answer in time.', URL_HINT],
  '28P01': ['The database refuses the user name or password of DATABASE_URL.', URL_HINT],
  '28000': ['The database refuses the login of DATABASE_URL.', URL_HINT],
  '3D000': ['The database that DATABASE_URL names does not exist.', 'Create it, then migrate it.'],
  '22023': [`The database has no role ${RUNTIME_ROLE}.`, ROLE_HINT],
  '42501': [`The login of DATABASE_URL may not become ${RUNTIME_ROLE}.`, ROLE_HINT],
  '53100': ['The disk of the database is full.', 'Free some space on it.'],
  '53300': ['The database has no free connection.', 'Raise max_connections, or stop others.'],
  '57P03': ['The database is starting or shutting down.', 'Try again in a moment.'],
};

/** The sentence for a failure to connect; null for anything else. Looks at causes too. */
export function explainConnectionFailure(error: unknown): ConnectionFailure | null {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as Error & { code?: unknown };
    const found = typeof code === 'string' ? FAILURES[code] : undefined;
    if (found !== undefined) return { message: found[0], hint: found[1] };
    if (current.message.startsWith('timeout exceeded when trying to connect')) {
      return { message: 'The database of DATABASE_URL does not answer in time.', hint: URL_HINT };
    }
  }
  return null;
}
