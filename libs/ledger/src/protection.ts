import type { Queryable } from '@countersign/database';

/** Something that ought to keep the ledger append-only and is not there. */
export interface ProtectionFault {
  readonly what: string;
  readonly advice: string;
}

/** Rows of these may be changed by the runtime role; of all other ledger tables they may not. */
const MUTABLE = ['ledger_head', 'heads_head'];

/** Ledger tables that the migrations make append-only have triggers named like this. */
const TRIGGERS = 'append\\_only\\_%';

/** One row per fault: kind, table, detail. The catalogue is open to every role. */
const FAULTS = `WITH ledger AS (
    SELECT c.oid, c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname ~ '^(ledger|heads)_'
  )
  SELECT 'grant' AS kind, l.name, right_name AS detail
  FROM ledger l, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS right_name
  WHERE has_table_privilege(l.oid, right_name) AND NOT (right_name = 'UPDATE' AND l.name = ANY ($1::text[]))
  UNION ALL
  SELECT 'trigger', l.name, t.tgname FROM ledger l JOIN pg_trigger t ON t.tgrelid = l.oid
  WHERE t.tgname LIKE $2::text AND t.tgenabled <> 'A'
  UNION ALL
  SELECT 'trigger', l.name, wanted FROM ledger l, unnest(ARRAY['append_only_rows', 'append_only_table']) AS wanted
  WHERE NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = l.oid AND t.tgname = wanted)
  UNION ALL
  SELECT 'trigger', l.name, 'append_only_recheck' FROM ledger l WHERE l.name = 'ledger_entry'
    AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = l.oid AND t.tgname = 'append_only_recheck')
  UNION ALL
  SELECT 'policy', l.name, '' FROM ledger l WHERE l.name LIKE 'ledger\\_%' AND NOT l.forced
  ORDER BY 1, 2, 3`;

/** What is missing of the protection that the migrations put on the ledger's tables, as the session's role sees it. */
export async function protectionFaults(db: Queryable): Promise<ProtectionFault[]> {
  const rows = await db.query<{ kind: string; name: string; detail: string }>(FAULTS, [
    MUTABLE,
    TRIGGERS,
  ]);
  return rows.map(({ detail, kind, name }) => {
    if (kind === 'grant') {
      return {
        what: `The database role of the service holds ${detail} on ${name}, which is append-only.`,
        advice: `Run REVOKE ${detail} ON ${name} FROM countersign_runtime as its owner.`,
      };
    }
    if (kind === 'trigger') {
      return {
        what: `The trigger ${detail} that protects ${name} is missing or does not always fire.`,
        advice: `Find out who switched it off, run countersign verify --live, then ALTER TABLE ${name} ENABLE ALWAYS TRIGGER ${detail}.`,
      };
    }
    return {
      what: `Row-level security of ${name} is not forced: one tenant could read another.`,
      advice: `Run ALTER TABLE ${name} FORCE ROW LEVEL SECURITY as its owner.`,
    };
  });
}

/** Event triggers that refuse to take the protection off. Only a superuser can make them, so they may be missing. */
const EVENT_TRIGGERS = ['countersign_guard_alter', 'countersign_guard_drop'];

/** Names of the event triggers that are missing or do not always fire. */
export async function missingEventTriggers(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT wanted AS name FROM unnest($1::text[]) AS wanted
     WHERE NOT EXISTS (SELECT 1 FROM pg_event_trigger t WHERE t.evtname = wanted AND t.evtenabled = 'A') ORDER BY 1`,
    [EVENT_TRIGGERS],
  );
  return rows.map(({ name }) => name);
}
