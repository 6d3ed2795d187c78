import type { Database } from '@countersign/database';
import { AppError } from '@countersign/kernel';

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
  readonly owner: boolean;
}

/**
 * Looks at a session as the service gets it and throws NOT_DURABLE or UNSAFE_SESSION, saying in plain words what is
 * wrong, when the promise of the ledger could not be kept on it.
 */
export async function checkDurability(database: Database): Promise<void> {
  const [row] = await database.global((db) =>
    db.query<SessionRow>(`SELECT current_setting('fsync') AS fsync,
      current_setting('full_page_writes') AS full_page_writes,
      current_setting('synchronous_commit') AS synchronous_commit,
      current_setting('TimeZone') AS zone, r.rolname AS role, r.rolsuper AS super, r.rolbypassrls AS bypass,
      EXISTS (SELECT 1 FROM pg_class c WHERE c.relname LIKE 'ledger\\_%' AND c.relkind IN ('r', 'p')
        AND pg_has_role(c.relowner, 'USAGE')) AS owner
     FROM pg_roles r WHERE r.rolname = current_user`),
  );
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
