import { setTenant, type PoolClient } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { APPEND_SQL } from './statement.js';

/** How long an append waits for a head row that a command holds, before it lets other tenants go first. */
const LOCK_TIMEOUT = '2s';

/** The same where the heads of several tenants are written together: one that is held must not hold up the others. */
const SHARED_LOCK_TIMEOUT = '100ms';

/**
 * Planning the append anew costs more than running it for a few rows. Its one plan must be good whatever the tables held
 * when it was made, so it may use nothing but keys.
 */
const STATEMENTS = [
  { name: 'ledger_begin', text: 'BEGIN' },
  { name: 'ledger_lock_timeout', text: `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'` },
  { name: 'ledger_lock_shared', text: `SET LOCAL lock_timeout = '${SHARED_LOCK_TIMEOUT}'` },
  { name: 'ledger_one_plan', text: 'SET LOCAL plan_cache_mode = force_generic_plan' },
  { name: 'ledger_by_key', text: 'SET LOCAL enable_seqscan = off' },
  { name: 'ledger_commit', text: 'COMMIT' },
] as const;

/** The part of node-pg's wire connection that a pipeline writes to. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(statement: { name: string; text: string; types: number[] }): void;
  bind(portal: { statement: string; values: readonly (string | Buffer)[] }): void;
  execute(portal: Record<string, never>): void;
  sync(): void;
}

/**
 * Messages up to one Sync: the server runs them in order and skips the rest after an error. node-pg hands the
 * answers of one Sync to one such object.
 */
class Pipeline {
  readonly done: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  /** `firstColumns` is given the first column of each row, as it comes. */
  constructor(
    private readonly write: (wire: Wire) => void,
    private readonly firstColumns: (string | null)[],
  ) {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(wire: Wire): void {
    wire.stream.cork();
    try {
      this.write(wire);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  }

  handleRowDescription(): void {
    // the columns are known
  }
  handleDataRow(message: { fields: (string | null)[] }): void {
    this.firstColumns.push(message.fields[0] ?? null);
  }
  handleCommandComplete(): void {
    // counted by the row
  }
  handlePortalSuspended(): void {
    // every execute asks for all rows
  }
  handleEmptyQuery(): void {
    // no statement is empty
  }
  handleError(error: unknown): void {
    this.#reject(error);
  }
  handleReadyForQuery(): void {
    this.#resolve();
  }
}

const prepared = new WeakSet<PoolClient>();

/** Parses the append's statements once per connection, apart from any append, so that an error leaves no doubt. */
export async function prepareConnection(
  client: PoolClient,
  appendSql: string = APPEND_SQL,
): Promise<void> {
  if (prepared.has(client)) return;
  await run(client, (wire) => {
    for (const { name, text } of STATEMENTS) wire.parse({ name, text, types: [] });
    wire.parse({ name: 'ledger_append', text: appendSql, types: [] });
  });
  prepared.add(client);
}

/** One tenant's batch. */
export interface TenantAppend {
  readonly tenantId: TenantId;
  readonly parameters: readonly (string | Buffer)[];
}

/**
 * One append transaction in one round trip: BEGIN, for each tenant its name and its statement, COMMIT. '1' for each whose
 * head was swapped, which is durable; '0' where the head had moved and nothing was written. Several must come in the order
 * of their tenants' ids, or two writers could wait for each other. Rejects with PostgreSQL's error, and nothing was
 * written; a rejection without an SQLSTATE leaves the outcome in doubt. `swapped` then has the answers of those before the
 * one that failed.
 */
export async function appendRoundTrip(
  client: PoolClient,
  appends: readonly TenantAppend[],
  swapped: (string | null)[] = [],
): Promise<readonly (string | null)[]> {
  const write = (wire: Wire): void => {
    execute(wire, 'ledger_begin');
    execute(wire, appends.length === 1 ? 'ledger_lock_timeout' : 'ledger_lock_shared');
    execute(wire, 'ledger_one_plan');
    execute(wire, 'ledger_by_key');
    for (const { parameters, tenantId } of appends) {
      wire.parse({ name: '', text: setTenant(tenantId), types: [] });
      execute(wire, '');
      execute(wire, 'ledger_append', parameters);
    }
    execute(wire, 'ledger_commit');
  };
  await run(client, write, swapped);
  return swapped;
}

function execute(wire: Wire, statement: string, values: readonly (string | Buffer)[] = []): void {
  wire.bind({ statement, values });
  wire.execute({});
}

function run(
  client: PoolClient,
  write: (wire: Wire) => void,
  firstColumns: (string | null)[] = [],
): Promise<void> {
  const pipeline = new Pipeline(write, firstColumns);
  // node-pg's Submittable is typed over its own Connection class; Wire is the part of it that is used.
  void client.query(pipeline as unknown as Parameters<PoolClient['query']>[0]);
  return pipeline.done;
}
