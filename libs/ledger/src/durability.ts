import type { Database } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { protectionFaults } from './protection.js';

/** Settings without which an acknowledged entry could be lost or torn. */
const MUST_BE_ON = ['fsync', 'full_page_writes'] as const;
/** `on`, or stronger: the local disk has it when COMMIT returns. */
const DURABLE_COMMIT = new Set(['on', 'remote_write', 'remote_apply']);

interface SessionRow {
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly zone: string;
  readonly role: string;
  readonly super: boolean;
  readonly bypass: boolean;
  readonly replication: string;
  readonly owner: boolean;
}

/**
 * Looks at a session as the service gets it and throws NOT_DURABLE, UNSAFE_SESSION or UNPROTECTED, saying in plain words
 * what is wrong, when the promise of the ledger could not be kept on it.
 */
export async function checkDurability(database: Database): Promise<void> {
  await database.global(async (db) => {
    const [row] = await db.query<SessionRow>(`SELECT current_setting('fsync') AS fsync,
      current_setting('full_page_writes') AS full_page_writes,
      current_setting('synchronous_commit') AS synchronous_commit,
      current_setting('session_replication_role') AS replication,
      current_setting('TimeZone') AS zone, r.rolname AS role, r.rolsuper AS super, r.rolbypassrls AS bypass,
      EXISTS (SELECT 1 FROM pg_class c WHERE c.relname ~ '^(ledger|heads)_' AND c.relkind IN ('r', 'p')
        AND pg_has_role(c.relowner, 'USAGE')) AS owner
     FROM pg_roles r WHERE r.rolname = current_user`);
    checkSession(row);
    const [fault] = await protectionFaults(db);
    if (fault !== undefined) {
      throw new AppError('UNPROTECTED', { publicMessage: fault.what, hint: fault.advice });
    }
  });
}

function checkSession(row: SessionRow | undefined): void {
  if (row === undefined)
    throw unsafe('The role of the database session is unknown.', 'Connect anew.');
  for (const name of MUST_BE_ON) if (row[name] !== 'on') throw notDurable(name, row[name]);
  if (!DURABLE_COMMIT.has(row.synchronous_commit)) {
    throw notDurable('synchronous_commit', row.synchronous_commit);
  }
  if (row.super || row.bypass) {
    throw unsafe(
      `The database role ${row.role} ${row.super ? 'is a superuser' : 'bypasses row-level security'}.`,
      'Connect with a login that is a member of countersign_runtime and nothing more.',
    );
  }
  if (row.owner) {
    throw unsafe(
      `The database role ${row.role} owns ledger tables, so it could change what is recorded.`,
      'Connect with a login that is a member of countersign_runtime, not of countersign_owner.',
    );
  }
  if (row.replication === 'replica') {
    throw unsafe(
      'The database session runs as a replica, where ordinary triggers stay silent.',
      'Remove session_replication_role from the options of DATABASE_URL and from the role.',
    );
  }
  if (row.zone !== 'UTC') {
    throw unsafe(
      `The database session runs in the time zone ${row.zone}, where times would be stored wrong.`,
      'Remove TimeZone from the options of DATABASE_URL.',
    );
  }
}

function notDurable(setting: string, value: string): AppError {
  return new AppError('NOT_DURABLE', {
    publicMessage: `PostgreSQL runs with ${setting} = ${value}: acknowledged entries could be lost in a crash.`,
    hint: `Set ${setting} = on and restart PostgreSQL.`,
  });
}

function unsafe(publicMessage: string, hint: string): AppError {
  return new AppError('UNSAFE_SESSION', { publicMessage, hint });
}
