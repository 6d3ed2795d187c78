import { randomUUID } from 'node:crypto';
import type { Database, SqlTx } from '@countersign/database';
import { personal, type EntryDraft } from '@countersign/events';
import { AppError, type Clock, type TenantId } from '@countersign/kernel';
import { sqlState } from '../append/sql-error.js';
import type { LedgerService } from '../ledger-service.js';
import type { Projector } from '../projection/projector.js';
import { askRebuilds } from '../projection/rebuilds.js';
import type { LedgerQueries } from '../reads/ledger-queries.js';
import { countErasable, findErasable } from './find-erasable.js';
import { LegalHolds } from './legal-holds.js';
import type {
  ErasedEntry,
  ErasureCounts,
  ErasureOrder,
  ErasurePart,
  ErasureWarrant,
} from './order.js';

export interface ErasuresOptions {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly queries: LedgerQueries;
  readonly clock: Clock;
  /** All projectors; those that show personal values are made again. */
  readonly projectors: readonly Pick<Projector, 'name' | 'types' | 'personal'>[];
  /** Entries per transaction, during which nobody else appends to the tenant. Default 1,000. */
  readonly partEntries?: number;
}

/**
 * Erases personal values: disclosures and received bytes go, nothing is hashed again, and every proof and every earlier
 * bundle still verifies. What goes and the entry that says so are one transaction, by the one function of the database
 * that can do it.
 */
export class Erasures {
  readonly #options: ErasuresOptions;
  readonly #holds: LegalHolds;

  constructor(options: ErasuresOptions) {
    this.#options = options;
    this.#holds = new LegalHolds(options);
  }

  /** What the order would take away now; nothing is changed. */
  preview(tenantId: TenantId, order: ErasureOrder): Promise<ErasureCounts> {
    return this.#options.database.read(tenantId, (tx) => countErasable(tx, order));
  }

  /**
   * Takes away what the order means, in parts; none when there is nothing. What is appended meanwhile is not covered.
   * Throws LEGAL_HOLD, with the reason of the hold: the parts before it (details.parts) are done, this one is not.
   */
  async erase(
    tenantId: TenantId,
    order: ErasureOrder,
    warrant: ErasureWarrant,
  ): Promise<ErasurePart[]> {
    const id = randomUUID();
    const parts: ErasurePart[] = [];
    for (;;) {
      const part = await this.#part(tenantId, order, warrant, `${id}/${parts.length + 1}`).catch(
        (error: unknown) => this.#explain(tenantId, error, parts.length),
      );
      if (part === null) return parts;
      parts.push(part);
    }
  }

  #part(
    tenantId: TenantId,
    order: ErasureOrder,
    warrant: ErasureWarrant,
    key: string,
  ): Promise<ErasurePart | null> {
    const { clock, database, ledger, partEntries, projectors, queries } = this.#options;
    return database.sqlTransaction(tenantId, async (tx) => {
      const erased = await findErasable(tx, queries, order, partEntries ?? 1_000);
      if (erased.length === 0) return null;
      const at = clock.now();
      const [entry] = await ledger.appendInTx(tx, [draftOf(order, warrant, erased, at, key)]);
      if (entry === undefined) throw new AppError('INTERNAL', { publicMessage: 'Not recorded.' });
      // Behind the append, whose entry the function asks for; the lock on the head keeps holds out until the commit.
      await takeAway(tx, entry.sequence, erased);
      await askRebuilds(
        tx,
        entry.sequence,
        projectors,
        erased.map(({ sequence }) => sequence),
      );
      return { sequence: entry.sequence, leafHash: entry.leafHash, at, erased };
    });
  }

  async #explain(tenantId: TenantId, error: unknown, parts: number): Promise<never> {
    if (sqlState(error) !== HELD) throw error;
    const id = error instanceof Error && 'detail' in error ? String(error.detail) : '';
    const hold = await this.#options.database.read(tenantId, (tx) => this.#holds.find(tx, id));
    const reason = hold?.reason ?? 'its reason was erased';
    throw new AppError('LEGAL_HOLD', {
      publicMessage: `Nothing of this may be erased: a legal hold is in force (${reason}).`,
      hint: `Have the hold ${id} released first: countersign hold release`,
      details: { holdId: id, reason, parts },
      cause: error,
    });
  }
}

/** SQLSTATE of the erasing function when a legal hold is in force. */
const HELD = 'CS005';

async function takeAway(
  tx: SqlTx,
  orderedBy: bigint,
  erased: readonly ErasedEntry[],
): Promise<void> {
  const values = erased.flatMap(({ sequence, values: gone }) =>
    gone.map(({ path }) => ({ sequence, path })),
  );
  await tx.query('SELECT ledger_erase($1::bigint, $2::bigint[], $3::text[], $4::bigint[])', [
    orderedBy,
    values.map(({ sequence }) => sequence),
    values.map(({ path }) => path),
    erased.filter((one) => one.evidenceDigest !== null).map(({ sequence }) => sequence),
  ]);
}

function draftOf(
  order: ErasureOrder,
  warrant: ErasureWarrant,
  erased: readonly ErasedEntry[],
  at: Date,
  key: string,
): EntryDraft {
  const type = order.kind === 'subject' ? 'subject.erased' : 'ledger.evidence_erased';
  return {
    type,
    source: 'countersign',
    subject: order.kind === 'subject' ? `erasure/${encodeURIComponent(order.subject)}` : 'ledger',
    actor: warrant.actor,
    basis: 'authenticated',
    occurredAt: at,
    delivery: `${type}:${key}`,
    data: {
      ...(order.kind === 'subject' ? { subject: order.subject } : {}),
      disclosures: erased.reduce((sum, { values }) => sum + values.length, 0),
      evidence: erased.filter((one) => one.evidenceDigest !== null).length,
      erased: erased.map(({ evidenceDigest, sequence, values }) => ({
        sequence: sequence.toString(),
        paths: values.map(({ path }) => path),
        evidence: evidenceDigest !== null,
      })),
      orderedBy: warrant.orderedBy === null ? null : personal(warrant.orderedBy),
      reason: personal(warrant.reason),
    },
  };
}
