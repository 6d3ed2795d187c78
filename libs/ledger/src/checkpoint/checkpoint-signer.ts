import { noteSigner, sameBytes, signCheckpoint } from '@countersign/chain';
import type { Database, SqlTx } from '@countersign/database';
import { AppError, asTenantId, type Clock, type TenantId } from '@countersign/kernel';
import type { CheckpointRecord } from '../reads/entry-record.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { ledgerLeaves, readBackRoot } from './read-back.js';
import type { SigningKeys } from './signing-keys.js';

export interface CheckpointSignerOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Keys of the installation; read again before each round, so that a rotation needs no restart. */
  readonly keys: SigningKeys;
  /** Time between two looks for logs that grew. Default 400 ms: a checkpoint follows growth within a second. */
  readonly pollMs?: number;
  /** Told of each tenant that could not be signed; `tenantId` is null when not even the list could be read. */
  readonly onFailure?: (failure: { tenantId: TenantId | null; error: unknown }) => void;
}

/** Signs a checkpoint of each log that grew. Several replicas may run it: one size is only ever signed once. */
export class CheckpointSigner {
  readonly #options: CheckpointSignerOptions;
  readonly #queries = new LedgerQueries();
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;
  #started = false;

  constructor(options: CheckpointSignerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule();
  }

  /** Resolves when no signing is under way any more. */
  async stop(): Promise<void> {
    this.#started = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#round;
  }

  /** The newest key that verifies checkpoints of this origin, as other tools take it (C2SP signed-note vkey). */
  verifierKey(origin: string): string {
    return noteSigner(origin, this.#options.keys.current).verifier.vkey;
  }

  /**
   * Signs the log as it stands and returns its newest checkpoint; null for an empty log. Rejects with STORE_MISMATCH
   * when what was read back is not what was written; nothing is signed then.
   */
  async signNow(tenantId: TenantId): Promise<CheckpointRecord | null> {
    await this.#options.keys.refresh();
    return this.#options.database.sqlTransaction(tenantId, async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1::int, hashtext($2))', [LOCK_CLASS, tenantId]);
      return this.#sign(tx);
    });
  }

  #schedule(): void {
    if (!this.#started) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#signAll().finally(() => {
        this.#schedule();
      });
    }, this.#options.pollMs ?? 400);
  }

  async #signAll(): Promise<void> {
    const { database, keys, onFailure } = this.#options;
    let grown: { tenant_id: string }[];
    // An unusable key file is no reason to stop: the keys from before still sign.
    await keys.refresh().catch((error: unknown) => onFailure?.({ tenantId: null, error }));
    try {
      grown = await database.global((db) => db.query('SELECT tenant_id FROM ledger_unsigned()'));
    } catch (error) {
      onFailure?.({ tenantId: null, error });
      return;
    }
    for (const row of grown) {
      if (!this.#started) return;
      const tenantId = asTenantId(row.tenant_id);
      try {
        await this.#signUnlessBusy(tenantId);
      } catch (error) {
        onFailure?.({ tenantId, error });
      }
    }
  }

  /** Leaves it to another replica that is at it. The lock saves work; the table's key keeps the promise. */
  async #signUnlessBusy(tenantId: TenantId): Promise<void> {
    await this.#options.database.sqlTransaction(tenantId, async (tx) => {
      const [row] = await tx.query<{ free: boolean }>(
        'SELECT pg_try_advisory_xact_lock($1::int, hashtext($2)) AS free',
        [LOCK_CLASS, tenantId],
      );
      if (row?.free === true) await this.#sign(tx);
    });
  }

  async #sign(tx: SqlTx): Promise<CheckpointRecord | null> {
    const last = await this.#queries.checkpoint(tx);
    const [head] = await tx.query<{ size: bigint; root: Buffer }>(
      'SELECT size, root FROM ledger_head WHERE tenant_id = $1::uuid',
      [tx.tenantId],
    );
    const log = await this.#queries.log(tx);
    if (head === undefined || log === null || head.size === 0n) return last;
    if (last !== null && head.size < last.size) throw rewound(head.size, last.size);
    if (head.size === last?.size) return last;
    const { origin } = log;
    const before = last === null ? null : { size: last.size, root: last.rootHash };
    const root = await readBackRoot(ledgerLeaves(tx), before, head);
    const signers = this.#options.keys.signers(origin);
    const note = signCheckpoint({ origin, size: head.size, root }, signers);
    await tx.query(
      `INSERT INTO ledger_checkpoint (tenant_id, size, root, note, signed_at)
       VALUES ($1::uuid, $2::bigint, $3::bytea, $4::text, $5::timestamptz) ON CONFLICT DO NOTHING`,
      [tx.tenantId, head.size, Buffer.from(root), note, this.#options.clock.now()],
    );
    // Whatever is stored now is what the world sees, whoever signed it.
    const stored = await this.#queries.checkpoint(tx);
    if (stored?.size === head.size && !sameBytes(stored.rootHash, root)) {
      throw rewound(head.size, stored.size);
    }
    return stored;
  }
}

/** First key of the advisory locks; the second is the tenant. */
const LOCK_CLASS = 72_707_372;

function rewound(size: bigint, signed: bigint): AppError {
  return new AppError('STORE_MISMATCH', {
    publicMessage: `The stored ledger (size ${size}) contradicts its checkpoint of size ${signed}. Nothing was signed.`,
    hint: 'The database was rolled back or changed. Keep it as it is, and run: countersign verify --live',
  });
}
