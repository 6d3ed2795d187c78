import { randomUUID } from 'node:crypto';
import { EMPTY_ROOT, Frontier, HASH_BYTES } from '@countersign/chain';
import type { Database, SqlTx } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import { mapInSlices, type Clock, type TenantId } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import { appendUnlessRepeated } from './append/append-in-tx.js';
import type { AppendResult } from './append/append-result.js';
import { GroupCommit } from './append/group-commit.js';
import { prepareDraft } from './append/prepare.js';
import { sealOf } from './append/seal-of.js';
import { freezeHead, readOnly, thawHead, type ReadOnlyState } from './append/read-only.js';

export interface LedgerServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Seals payloads, personal values and evidence. */
  readonly vault: Vault;
  /** First part of a new log's origin. Default `countersign.local`. */
  readonly logName?: string;
  /** Connections that the group commit may hold at once. Default 2. */
  readonly connections?: number;
  /** Drafts that may wait per tenant before append refuses with OVERLOADED. Default 20,000. */
  readonly queueLimit?: number;
  /** How long append waits for a database that does not answer. Default 10,000 ms. */
  readonly patienceMs?: number;
}

/** After a transactional append, time until its transaction has probably committed. */
const COMMIT_GUESS_MS = 15;

export type AppendedListener = (tenantId: TenantId, size: bigint) => void;

/**
 * Appends to tenants' ledgers. Any number of instances, in any number of processes, may append to one tenant: the
 * head row is compared and swapped, and (tenant, source, delivery) is unique.
 */
export class LedgerService {
  readonly #clock: Clock;
  readonly #vault: Vault;
  readonly #logName: string;
  readonly #groupCommit: GroupCommit;
  readonly #listeners = new Set<AppendedListener>();
  #readOnly: ReadOnlyState | null = null;

  constructor(options: LedgerServiceOptions) {
    this.#clock = options.clock;
    this.#vault = options.vault;
    this.#logName = options.logName ?? 'countersign.local';
    this.#groupCommit = new GroupCommit({
      database: options.database,
      clock: options.clock,
      vault: options.vault,
      connections: options.connections ?? 2,
      queueLimit: options.queueLimit ?? 20_000,
      patienceMs: options.patienceMs ?? 10_000,
      onAppended: (tenantId, size) => {
        this.#notify(tenantId, size);
      },
    });
  }

  /** Bytes of entries that wait for the group commit, over all tenants. */
  get waitingBytes(): number {
    return this.#groupCommit.waitingBytes;
  }

  /** Why this process appends nothing; null while it does. */
  get readOnly(): ReadOnlyState | null {
    return this.#readOnly;
  }

  /** Makes this process refuse every append with READ_ONLY, or appends again with null. Others are not told. */
  setReadOnly(state: ReadOnlyState | null): void {
    this.#readOnly = state;
  }

  /** Refuses appends to the tenant's log with READ_ONLY on every replica, once the transaction has committed. */
  async freeze(tx: SqlTx, reason: string): Promise<void> {
    await freezeHead(tx, reason);
  }

  /** Takes `freeze` back. */
  async thaw(tx: SqlTx): Promise<void> {
    await thawHead(tx);
  }

  /**
   * Opens the log of tx.tenantId, its origin fixed for ever, and makes the tenant's data key. Does nothing when the log
   * is open: a key that was lost since is not replaced by one that opens nothing.
   */
  async openLog(tx: SqlTx): Promise<void> {
    this.#refuseReadOnly();
    const logId = randomUUID();
    const now = this.#clock.now();
    const opened = await tx.query(
      `INSERT INTO ledger_log (tenant_id, log_id, origin, opened_at)
       VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz) ON CONFLICT DO NOTHING RETURNING 1`,
      [tx.tenantId, logId, `${this.#logName}/${logId}`, now],
    );
    // Durable before the log is: an entry could be sealed the moment this transaction commits.
    if (opened.length > 0) await this.#vault.create(tx.tenantId);
    await tx.query(
      `INSERT INTO ledger_head (tenant_id, size, head_hash, frontier, root, last_recorded_at)
       VALUES ($1::uuid, 0, $2::bytea, $3::bytea, $4::bytea, $5::timestamptz) ON CONFLICT DO NOTHING`,
      [
        tx.tenantId,
        Buffer.alloc(HASH_BYTES),
        Frontier.empty().serialize(),
        Buffer.from(EMPTY_ROOT),
        now,
      ],
    );
  }

  /**
   * Joins the tenant's group commit: durable when it resolves, one result per draft, in order. The drafts of one call
   * are stored together or not at all. Rejects with OVERLOADED (nothing was kept), UNAVAILABLE (perhaps it was: the
   * same deliveries again are safe), INVALID_DRAFT, LOG_NOT_OPEN or READ_ONLY.
   */
  async append(tenantId: TenantId, drafts: readonly EntryDraft[]): Promise<AppendResult[]> {
    this.#refuseReadOnly();
    return this.#groupCommit.append(tenantId, drafts);
  }

  /**
   * Appends inside the caller's transaction. The head row stays locked until it ends, so these are its last
   * statements. Nothing remains after a rollback.
   */
  async appendInTx(tx: SqlTx, drafts: readonly EntryDraft[]): Promise<AppendResult[]> {
    this.#refuseReadOnly();
    if (drafts.length === 0) return [];
    const seal = await sealOf(this.#vault, tx.tenantId, (work) => work(tx));
    const prepared = await mapInSlices(drafts, (draft) => prepareDraft(draft, seal));
    const { batch, results } = await appendUnlessRepeated(tx, this.#clock, prepared);
    if (batch !== null) this.#hintLater(tx.tenantId, batch.after.size);
    return results;
  }

  /** Calls back about when this process appended; a hint only, and never for other processes. Returns the function that stops it. */
  onAppended(listener: AppendedListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #refuseReadOnly(): void {
    if (this.#readOnly !== null) throw readOnly(this.#readOnly.reason, this.#readOnly.code);
  }

  /** The caller commits in a moment, out of sight. A reader that comes too early finds nothing and polls on. */
  #hintLater(tenantId: TenantId, size: bigint): void {
    setTimeout(() => {
      this.#notify(tenantId, size);
    }, COMMIT_GUESS_MS).unref();
  }

  #notify(tenantId: TenantId, size: bigint): void {
    for (const listener of this.#listeners) listener(tenantId, size);
  }

  /** Answers what waits, then refuses further appends. */
  async close(): Promise<void> {
    await this.#groupCommit.close();
  }
}
