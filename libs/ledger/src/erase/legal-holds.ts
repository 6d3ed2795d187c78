import { randomUUID } from 'node:crypto';
import type { SqlTx } from '@countersign/database';
import { personal, type ActorRef } from '@countersign/events';
import { AppError, type Clock } from '@countersign/kernel';
import type { LedgerService } from '../ledger-service.js';
import { dataText, entriesByDelivery } from '../reads/by-delivery.js';
import type { LedgerQueries } from '../reads/ledger-queries.js';

/** What a hold protects from erasure. */
export type HoldScope =
  | { readonly kind: 'ledger' }
  | { readonly kind: 'subject'; readonly subject: string }
  /** Both ends included. */
  | { readonly kind: 'entries'; readonly from: bigint; readonly to: bigint };

export interface LegalHold {
  readonly id: string;
  readonly scope: HoldScope;
  /** Null once it was erased itself. */
  readonly reason: string | null;
  readonly placedAt: Date;
  readonly placedBy: string;
  readonly releasedAt: Date | null;
  readonly releasedBy: string | null;
}

interface HoldRow {
  readonly id: string;
  readonly subject: string | null;
  readonly from_sequence: bigint | null;
  readonly to_sequence: bigint | null;
  readonly placed_at: Date;
  readonly placed_by: string;
  readonly released_at: Date | null;
  readonly released_by: string | null;
}

export interface LegalHoldsDeps {
  readonly ledger: LedgerService;
  readonly queries: LedgerQueries;
  readonly clock: Clock;
}

/**
 * Legal holds: while one is in force, the erasing function refuses what it covers. Placing and releasing are entries; the
 * reason stands in them alone, as free text does.
 */
export class LegalHolds {
  constructor(readonly deps: LegalHoldsDeps) {}

  /** Newest first, released ones too. */
  async list(tx: SqlTx): Promise<LegalHold[]> {
    const rows = await tx.query<HoldRow>(
      'SELECT * FROM legal_hold WHERE tenant_id = $1::uuid ORDER BY placed_at DESC, id',
      [tx.tenantId],
    );
    return this.#readable(tx, rows);
  }

  /** Null when this tenant has no such hold. */
  async find(tx: SqlTx, id: string): Promise<LegalHold | null> {
    const rows = await tx.query<HoldRow>(
      'SELECT * FROM legal_hold WHERE tenant_id = $1::uuid AND id = $2::uuid',
      [tx.tenantId, id],
    );
    return (await this.#readable(tx, rows))[0] ?? null;
  }

  /** Places a hold, in force from the commit of `tx` on. The append is the last statement. */
  async place(tx: SqlTx, scope: HoldScope, by: ActorRef, reason: string): Promise<LegalHold> {
    const id = randomUUID();
    const at = this.deps.clock.now();
    const subject = scope.kind === 'subject' ? scope.subject : null;
    const [from, to] = scope.kind === 'entries' ? [scope.from, scope.to] : [null, null];
    await tx.query(
      `INSERT INTO legal_hold (tenant_id, id, subject, from_sequence, to_sequence, placed_at, placed_by)
       VALUES ($1::uuid, $2::uuid, $3::text, $4::bigint, $5::bigint, $6::timestamptz, $7::text)`,
      [tx.tenantId, id, subject, from, to, at, by.id],
    );
    await this.#say(tx, 'legal_hold.placed', id, at, by, {
      subject,
      fromSequence: from?.toString() ?? null,
      toSequence: to?.toString() ?? null,
      reason: personal(reason),
    });
    const free = { releasedAt: null, releasedBy: null };
    return { id, scope, reason, placedAt: at, placedBy: by.id, ...free };
  }

  /** Releases a hold. Throws NOT_FOUND for an id that is none, or was released before. */
  async release(tx: SqlTx, id: string, by: ActorRef, reason: string): Promise<void> {
    const at = this.deps.clock.now();
    const rows = await tx.query(
      `UPDATE legal_hold SET released_at = $3::timestamptz, released_by = $4::text
       WHERE tenant_id = $1::uuid AND id = $2::uuid AND released_at IS NULL RETURNING id`,
      [tx.tenantId, id, at, by.id],
    );
    if (rows.length === 0) {
      throw new AppError('NOT_FOUND', {
        publicMessage: 'There is no such legal hold in force.',
        hint: 'List them with: countersign hold list',
      });
    }
    await this.#say(tx, 'legal_hold.released', id, at, by, { reason: personal(reason) });
  }

  async #readable(tx: SqlTx, rows: readonly HoldRow[]): Promise<LegalHold[]> {
    const said = await entriesByDelivery(
      tx,
      this.deps.queries,
      'countersign',
      rows.map(({ id }) => placedIn(id)),
    );
    return rows.map((row) => ({
      id: row.id,
      scope: scopeOf(row),
      reason: dataText(said.get(placedIn(row.id)), 'reason'),
      placedAt: row.placed_at,
      placedBy: row.placed_by,
      releasedAt: row.released_at,
      releasedBy: row.released_by,
    }));
  }

  async #say(
    tx: SqlTx,
    type: 'legal_hold.placed' | 'legal_hold.released',
    id: string,
    at: Date,
    actor: ActorRef,
    data: Parameters<LedgerService['appendInTx']>[1][number]['data'],
  ): Promise<void> {
    await this.deps.ledger.appendInTx(tx, [
      {
        type,
        source: 'countersign',
        subject: `hold/${id}`,
        actor,
        basis: 'authenticated',
        occurredAt: at,
        delivery: type === 'legal_hold.placed' ? placedIn(id) : `legal_hold.released:${id}`,
        data: { holdId: id, ...data },
      },
    ]);
  }
}

function placedIn(id: string): string {
  return `legal_hold.placed:${id}`;
}

function scopeOf(row: HoldRow): HoldScope {
  if (row.subject !== null) return { kind: 'subject', subject: row.subject };
  if (row.from_sequence === null || row.to_sequence === null) return { kind: 'ledger' };
  return { kind: 'entries', from: row.from_sequence, to: row.to_sequence };
}
