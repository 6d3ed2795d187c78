import type { TestDatabase } from './database.js';

/**
 * What a table is, and so which protection it needs:
 *
 * - `ledger`: a tenant's, append-only; `ledger-head`, `hold`: the same, but rows may be updated and never deleted
 * - `kept`: a tenant's, rows are added and changed and never deleted; `fixed`: added and never changed
 * - `projection`: a tenant's, may be dropped and made again
 * - `log`: of the installation, append-only; `log-head`: the same, but updated
 * - `directory`: of the installation, ids and names only; `lease`: of the installation, updated
 * - `bookkeeping`: of the migrations
 */
const KINDS = {
  ledger: { tenant: true, guard: 'changes', rights: ['INSERT', 'SELECT'] },
  'ledger-head': { tenant: true, guard: 'deletes', rights: ['INSERT', 'SELECT', 'UPDATE'] },
  hold: { tenant: true, guard: 'deletes', rights: ['INSERT', 'SELECT'] },
  kept: { tenant: true, guard: null, rights: ['INSERT', 'SELECT', 'UPDATE'] },
  fixed: { tenant: true, guard: null, rights: ['INSERT', 'SELECT'] },
  given: { tenant: true, guard: null, rights: ['SELECT'] },
  projection: { tenant: true, guard: null, rights: ['DELETE', 'INSERT', 'SELECT', 'UPDATE'] },
  log: { tenant: false, guard: 'changes', rights: ['INSERT', 'SELECT'] },
  'log-head': { tenant: false, guard: 'deletes', rights: ['INSERT', 'SELECT', 'UPDATE'] },
  directory: { tenant: false, guard: null, rights: ['INSERT', 'SELECT'] },
  lease: { tenant: false, guard: null, rights: ['INSERT', 'SELECT', 'UPDATE'] },
  bookkeeping: { tenant: false, guard: null, rights: ['SELECT'] },
} as const;
type Kind = keyof typeof KINDS;

/** Every table of the schema. A migration that adds one adds it here, and so says what it is. */
const TABLES: Readonly<Record<string, Kind>> = {
  ...all('bookkeeping', ['_prisma_migrations']),
  ...all('directory', ['source_route', 'tenant']),
  ...all('fixed', ['principal', 'role_grant']),
  ...all('given', ['policy_rule']),
  ...all('hold', ['legal_hold']),
  ...all('kept', ['kafka_offset', 'model_governance', 'permit', 'projection_cursor']),
  ...all('kept', ['projection_rebuild', 'promotion_observer_mark', 'promotion_request']),
  ...all('kept', ['promotion_slot', 'promotion_vote', 'quarantine', 'source', 'source_secret']),
  ...all('kept', ['tenant_policy']),
  ...all('lease', ['anchor_lease']),
  ...all('ledger', ['ledger_checkpoint', 'ledger_delivery', 'ledger_disclosure', 'ledger_entry']),
  ...all('ledger', ['ledger_evidence', 'ledger_log', 'ledger_payload', 'ledger_tile']),
  ...all('ledger', ['promotion_cover']),
  ...all('ledger-head', ['ledger_head']),
  ...all('log', [
    'heads_anchor',
    'heads_checkpoint',
    'heads_leaf',
    'heads_log',
    'heads_publication',
  ]),
  ...all('log', ['heads_tile', 'installation_freeze', 'installation_recovery']),
  ...all('log-head', ['heads_head']),
  ...all('projection', ['drift', 'lineage_alias', 'lineage_claim', 'lineage_edge']),
  ...all('projection', ['lineage_interest', 'lineage_model_version', 'lineage_node']),
  ...all('projection', ['lineage_output', 'lineage_read', 'lineage_run', 'lineage_tracking_run']),
  ...all('projection', ['promotion_target', 'registry_model', 'registry_read_back']),
  ...all('projection', ['registry_span', 'registry_statement', 'registry_version']),
};

/** Columns that may be changed where the table's rights do not say so. */
const COLUMN_RIGHTS: Readonly<Record<string, readonly string[]>> = {
  legal_hold: ['UPDATE released_at', 'UPDATE released_by'],
  role_grant: ['UPDATE revoked_at', 'UPDATE revoked_by'],
};

/** What somebody beside owner and runtime may do. */
const OTHER_RIGHTS: Readonly<Record<string, readonly string[]>> = {
  ledger_disclosure: ['countersign_eraser DELETE', 'countersign_eraser SELECT'],
  ledger_evidence: ['countersign_eraser DELETE', 'countersign_eraser SELECT'],
  ledger_entry: ['countersign_eraser SELECT'],
  legal_hold: ['countersign_eraser SELECT'],
};

/** Tables of which the owner may read every tenant's rows, for the functions that route work. */
const ROUTED = new Set([
  'ledger_checkpoint',
  'ledger_head',
  'ledger_log',
  'projection_cursor',
  'projection_rebuild',
]);

/** Functions that run with other rights than the caller's, and as whom. */
const DEFINERS: Readonly<Record<string, string>> = {
  heads_due: 'countersign_owner',
  ledger_erase: 'countersign_eraser',
  ledger_logs: 'countersign_owner',
  ledger_unsigned: 'countersign_owner',
  projection_behind: 'countersign_owner',
  projection_rebuilds_due: 'countersign_owner',
};

/** Of the event triggers: the owner of the tables must not be able to replace them. */
const GUARDS = new Set(['guard_alter', 'guard_drop', 'is_protected_name']);

const EVENT_TRIGGERS = ['countersign_guard_alter', 'countersign_guard_drop'];

interface Relation {
  readonly name: string;
  readonly relkind: string;
  readonly parent: string | null;
  readonly owner: string;
  readonly security: boolean;
  readonly forced: boolean;
  readonly rights: string[];
  readonly column_rights: string[];
  readonly policies: string[];
  readonly triggers: string[];
}

/** Everything in the schema that has not the protection its kind needs, one sentence each; empty when all is well. */
export async function catalogueProblems(test: TestDatabase): Promise<string[]> {
  const problems = [
    ...(await relationProblems(test)),
    ...(await functionProblems(test)),
    ...(await roleProblems(test)),
  ];
  const triggers = await test.asOwner<{ name: string; enabled: string }>(
    'SELECT evtname AS name, evtenabled::text AS enabled FROM pg_event_trigger ORDER BY 1',
  );
  const expected = EVENT_TRIGGERS.map((name) => ({ name, enabled: 'A' }));
  if (JSON.stringify(triggers) !== JSON.stringify(expected)) {
    problems.push(`event triggers are ${JSON.stringify(triggers)}`);
  }
  return problems;
}

async function relationProblems(test: TestDatabase): Promise<string[]> {
  const relations = await test.asOwner<Relation>(RELATIONS);
  const problems: string[] = [];
  for (const relation of relations) {
    const { name, parent, relkind } = relation;
    if (relkind !== 'r' && relkind !== 'p') {
      problems.push(`${name}: a relation of kind "${relkind}" that nobody declared`);
      continue;
    }
    const kind = TABLES[parent ?? name];
    if (kind === undefined) problems.push(`${name}: a table that nobody declared`);
    else problems.push(...tableProblems(relation, kind).map((problem) => `${name}: ${problem}`));
  }
  const present = new Set(relations.map(({ name }) => name));
  const gone = Object.keys(TABLES).filter((name) => !present.has(name));
  return [...problems, ...gone.map((name) => `${name}: declared, but not there`)];
}

function tableProblems(table: Relation, kind: Kind): string[] {
  const { guard, rights, tenant } = KINDS[kind];
  const problems: string[] = [];
  const same = (what: string, found: readonly string[], expected: readonly string[]): void => {
    const [a, b] = [[...found].sort().join(', '), [...expected].sort().join(', ')];
    if (a !== b) problems.push(`${what}: ${a || 'none'} instead of ${b || 'none'}`);
  };
  if (kind === 'bookkeeping') {
    same('rights', table.rights, ['countersign_runtime SELECT']);
    return problems;
  }
  if (table.owner !== 'countersign_owner') problems.push(`belongs to ${table.owner}`);
  same('rights', table.rights, [
    ...rights.map((right) => `countersign_runtime ${right}`),
    ...(OTHER_RIGHTS[table.name] ?? []),
  ]);
  same(
    'rights on columns',
    table.column_rights,
    (COLUMN_RIGHTS[table.name] ?? []).map((right) => `countersign_runtime ${right}`),
  );
  if (tenant && !(table.security && table.forced)) {
    problems.push('row-level security is not forced');
  }
  same('policies', table.policies, [
    ...(tenant ? [ISOLATION] : []),
    ...(ROUTED.has(table.name) ? [ROUTING] : []),
  ]);
  if (guard !== null) {
    const what = guard === 'changes' ? 'UPDATE DELETE' : 'DELETE';
    const function_ = ERASABLE.has(table.name) ? 'refuse_change_but_erasure' : 'refuse_change';
    const guards = table.triggers.filter((trigger) =>
      / append_only_(rows|table) /.test(` ${trigger}`),
    );
    same('append-only triggers', guards, [
      `append_only_rows A BEFORE ROW ${what} ${function_}`,
      'append_only_table A BEFORE STATEMENT TRUNCATE refuse_change',
    ]);
  }
  for (const trigger of table.triggers) {
    if (trigger.split(' ')[1] !== 'A') problems.push(`trigger ${trigger} is not ENABLE ALWAYS`);
  }
  return problems;
}

const ERASABLE = new Set(['ledger_disclosure', 'ledger_evidence']);
const ISOLATION =
  'tenant_isolation * PERMISSIVE PUBLIC (tenant_id = ( SELECT app_tenant() AS app_tenant)) (tenant_id = ( SELECT app_tenant() AS app_tenant))';
const ROUTING = 'owner_routing r PERMISSIVE countersign_owner true -';

async function functionProblems(test: TestDatabase): Promise<string[]> {
  const functions = await test.asOwner<{
    name: string;
    owner: string;
    superuser: boolean;
    definer: boolean;
    path: string | null;
    grantees: string[];
  }>(FUNCTIONS);
  const problems: string[] = [];
  for (const { definer, grantees, name, owner, path, superuser } of functions) {
    const runsAs = DEFINERS[name];
    if (definer !== (runsAs !== undefined)) {
      problems.push(
        `${name}(): ${definer ? 'an undeclared SECURITY DEFINER' : 'no SECURITY DEFINER'}`,
      );
    }
    const right = GUARDS.has(name) ? superuser : owner === (runsAs ?? 'countersign_owner');
    if (!right) problems.push(`${name}(): belongs to ${owner}`);
    if (!definer) continue;
    if (path?.startsWith('pg_catalog') !== true)
      problems.push(`${name}(): its search_path is ${path ?? 'open'}`);
    const allowed = new Set([owner, 'countersign_runtime']);
    for (const grantee of grantees.filter((one) => !allowed.has(one))) {
      problems.push(`${name}(): ${grantee} may execute it`);
    }
  }
  const present = new Set(functions.map(({ name }) => name));
  const gone = Object.keys(DEFINERS).filter((name) => !present.has(name));
  return [...problems, ...gone.map((name) => `${name}(): declared, but not there`)];
}

async function roleProblems(test: TestDatabase): Promise<string[]> {
  const rows = await test.asOwner<{ problem: string }>(ROLES);
  return rows.map(({ problem }) => problem);
}

const RELATIONS = `SELECT c.relname AS name, c.relkind::text AS relkind,
    (SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid) AS parent,
    pg_get_userbyid(c.relowner) AS owner, c.relrowsecurity AS security, c.relforcerowsecurity AS forced,
    ARRAY(SELECT (CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END) || ' ' || a.privilege_type
          FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) AS rights,
    ARRAY(SELECT (CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END) || ' ' || a.privilege_type || ' ' || t.attname
          FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid) AS column_rights,
    ARRAY(SELECT p.polname || ' ' || p.polcmd::text || ' ' || CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END || ' ' ||
            CASE WHEN p.polroles = '{0}' THEN 'PUBLIC' ELSE (SELECT string_agg(pg_get_userbyid(r), ',') FROM unnest(p.polroles) r) END || ' ' ||
            pg_get_expr(p.polqual, p.polrelid) || ' ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-')
          FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
    ARRAY(SELECT t.tgname || ' ' || t.tgenabled::text || ' ' ||
            CASE WHEN t.tgtype & 2 = 2 THEN 'BEFORE' ELSE 'AFTER' END || ' ' ||
            CASE WHEN t.tgtype & 1 = 1 THEN 'ROW' ELSE 'STATEMENT' END || ' ' ||
            concat_ws(' ', CASE WHEN t.tgtype & 4 = 4 THEN 'INSERT' END, CASE WHEN t.tgtype & 16 = 16 THEN 'UPDATE' END,
              CASE WHEN t.tgtype & 8 = 8 THEN 'DELETE' END, CASE WHEN t.tgtype & 32 = 32 THEN 'TRUNCATE' END) || ' ' || f.proname
          FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS triggers
  FROM pg_class c
  WHERE c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
    AND c.relkind NOT IN ('i', 'I', 't') ORDER BY 1`;

const FUNCTIONS = `SELECT p.proname AS name, pg_get_userbyid(p.proowner) AS owner,
    (SELECT rolsuper FROM pg_roles r WHERE r.oid = p.proowner) AS superuser, p.prosecdef AS definer,
    (SELECT substr(s, 13) FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%') AS path,
    ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
          FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a) AS grantees
  FROM pg_proc p
  WHERE p.pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
  ORDER BY 1`;

/** The roles can do what they are for, and nobody can become one but who logs in to serve, and superusers. */
const ROLES = `
  SELECT r.rolname || ' has a right that no role of the product has' AS problem FROM pg_roles r
  WHERE r.rolname ~ '^countersign_(owner|runtime|eraser)$'
    AND (r.rolsuper OR r.rolbypassrls OR r.rolcanlogin OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)
  UNION ALL
  SELECT pg_get_userbyid(m.member) || ' is a member of ' || r.rolname FROM pg_auth_members m
  JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles b ON b.oid = m.member
  WHERE (r.rolname = 'countersign_eraser' AND NOT b.rolsuper AND (m.inherit_option OR m.set_option))
    OR (b.rolname ~ '^countersign_(owner|runtime|eraser)$')
  UNION ALL
  SELECT 'PUBLIC or the runtime role may create in the schema' WHERE has_schema_privilege('countersign_runtime', 'public', 'CREATE')
  UNION ALL
  SELECT 'the erasing role may create in the schema' WHERE has_schema_privilege('countersign_eraser', 'public', 'CREATE')`;

function all(kind: Kind, names: readonly string[]): Record<string, Kind> {
  return Object.fromEntries(names.map((name) => [name, kind]));
}
