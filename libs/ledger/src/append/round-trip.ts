import { setTenant, type PoolClient } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { APPEND_SQL } from './statement.js';

/** How long an append waits for a head row that a command holds, before it lets other tenants go first. */
const LOCK_TIMEOUT = '2s';

const STATEMENTS = [
  { name: 'ledger_begin', text: 'BEGIN' },
  { name: 'ledger_lock_timeout', text: `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'` },
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
  readonly done: Promise<string | null>;
  #resolve!: (firstColumn: string | null) => void;
  #reject!: (error: unknown) => void;
  #firstColumn: string | null = null;

  constructor(private readonly write: (wire: Wire) => void) {
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
    this.#firstColumn = message.fields[0] ?? null;
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
    this.#resolve(this.#firstColumn);
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

/**
 * One append transaction in one round trip: BEGIN, the tenant, the statement, COMMIT. True when the head was
 * swapped and the batch is durable; false when the head had moved and nothing was written. Rejects with PostgreSQL's
 * error after rolling back; a rejection without an SQLSTATE leaves the outcome in doubt.
 */
export async function appendRoundTrip(
  client: PoolClient,
  tenantId: TenantId,
  parameters: readonly (string | Buffer)[],
): Promise<boolean> {
  const answer = run(client, (wire) => {
    execute(wire, 'ledger_begin');
    execute(wire, 'ledger_lock_timeout');
    wire.parse({ name: '', text: setTenant(tenantId), types: [] });
    execute(wire, '');
    execute(wire, 'ledger_append', parameters);
    execute(wire, 'ledger_commit');
  });
  return (await answer) === '1';
}

function execute(wire: Wire, statement: string, values: readonly (string | Buffer)[] = []): void {
  wire.bind({ statement, values });
  wire.execute({});
}

function run(client: PoolClient, write: (wire: Wire) => void): Promise<string | null> {
  const pipeline = new Pipeline(write);
  // node-pg's Submittable is typed over its own Connection class; Wire is the part of it that is used.
  void client.query(pipeline as unknown as Parameters<PoolClient['query']>[0]);
  return pipeline.done;
}
