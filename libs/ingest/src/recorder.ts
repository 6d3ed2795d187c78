import { sha256 } from '@countersign/chain';
import type { Database, SqlTx } from '@countersign/database';
import { subjects, type ActorRef, type Basis, type EntryDraft } from '@countersign/events';
import { isAppError, type TenantId } from '@countersign/kernel';
import type { AppendResult, LedgerService } from '@countersign/ledger';
import type { Recorded } from './outcome.js';
import { insertQuarantined, quarantinedByIds, type QuarantinedRow } from './quarantine-rows.js';
import { notUnderstood, type NotUnderstood, type Reading } from './reading.js';
import { entrySource, type Source } from './source.js';

/** Bytes that a door vouches for, and what its adapter made of them. */
export interface Delivery {
  readonly source: Source;
  /** Idempotency key within the source. At most 400 characters. */
  readonly key: string;
  readonly basis: Basis;
  readonly actor: ActorRef;
  readonly reading: Reading;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly receivedAt: Date;
}

/**
 * Turns deliveries into entries. Whatever it returns is durable once its transaction commits: understood or not, a
 * delivery is in the ledger with its bytes, once.
 */
export class Recorder {
  readonly #database: Database;
  readonly #ledger: LedgerService;

  constructor(database: Database, ledger: LedgerService) {
    this.#database = database;
    this.#ledger = ledger;
  }

  /** One delivery, durable when it resolves. What is understood joins the tenant's group commit. */
  async record(delivery: Delivery): Promise<Recorded> {
    const { tenantId } = delivery.source;
    if (!isUnderstood(delivery.reading)) return this.#recordAlone(tenantId, delivery);
    try {
      const [result] = await this.#ledger.append(tenantId, draftsOf(delivery));
      const recorded = acceptedOrConflict(result);
      // A sender may repeat what was quarantined before an adapter learnt to read it: the first answer stands.
      if (recorded.kind !== 'accepted' || !recorded.duplicate) return recorded;
      return await this.#database.read(tenantId, (tx) => this.#firstAnswer(tx, delivery, recorded));
    } catch (error) {
      if (!isAppError(error, 'INVALID_DRAFT')) throw error;
      return this.#recordAlone(tenantId, withoutEntry(delivery, error.publicMessage));
    }
  }

  /** Several deliveries of tx's tenant, in order, as the last statements of the caller's transaction. */
  async recordInTx(tx: SqlTx, deliveries: readonly Delivery[]): Promise<Recorded[]> {
    if (deliveries.length === 0) return [];
    try {
      return await this.#appendInTx(tx, deliveries);
    } catch (error) {
      // Refused before anything was written: find the one that no entry can hold.
      if (!isAppError(error, 'INVALID_DRAFT')) throw error;
      const [only] = deliveries;
      if (deliveries.length === 1 && only !== undefined) {
        return this.#appendInTx(tx, [withoutEntry(only, error.publicMessage)]);
      }
      const recorded: Recorded[] = [];
      for (const delivery of deliveries) recorded.push(...(await this.recordInTx(tx, [delivery])));
      return recorded;
    }
  }

  async #recordAlone(tenantId: TenantId, delivery: Delivery): Promise<Recorded> {
    const [recorded] = await this.#database.sqlTransaction(tenantId, (tx) =>
      this.recordInTx(tx, [delivery]),
    );
    return present(recorded);
  }

  async #appendInTx(tx: SqlTx, deliveries: readonly Delivery[]): Promise<Recorded[]> {
    const drafts = deliveries.map(draftsOf);
    const results = await this.#ledger.appendInTx(tx, drafts.flat());
    const rows: QuarantinedRow[] = [];
    const recorded: Recorded[] = [];
    let at = 0;
    for (const [index, delivery] of deliveries.entries()) {
      const first = acceptedOrConflict(results[at]);
      at += drafts[index]?.length ?? 0;
      const problem = problemOf(delivery.reading);
      if (first.kind === 'accepted' && !first.duplicate && problem !== null) {
        const row = quarantinedRow(delivery, first.sequence, problem);
        rows.push(row);
        recorded.push(asQuarantined(row, false));
      } else if (first.kind === 'accepted' && first.duplicate) {
        await insertQuarantined(tx, rows.splice(0));
        recorded.push(await this.#firstAnswer(tx, delivery, first));
      } else {
        recorded.push(first);
      }
    }
    // After the append, unlike other rows: its sequence is known only now, and nobody else waits for a new row.
    await insertQuarantined(tx, rows);
    return recorded;
  }

  /** What a duplicate's first delivery was answered. */
  async #firstAnswer(tx: SqlTx, delivery: Delivery, accepted: Recorded): Promise<Recorded> {
    const [row] = await quarantinedByIds(tx, [quarantineId(delivery)]);
    return row === undefined ? accepted : asQuarantined(row, true);
  }
}

/**
 * A UUID (version 8, RFC 9562 §5.8) that follows from the delivery, so that a repetition names the same one.
 */
export function quarantineId(delivery: Pick<Delivery, 'source' | 'key'>): string {
  const bytes = sha256(`${delivery.source.tenantId}\n${delivery.source.id}\n${delivery.key}`);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x80;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}

/** The entries of a delivery. Only the first carries the evidence. */
export function draftsOf(delivery: Delivery): EntryDraft[] {
  const { actor, basis, key, reading } = delivery;
  const source = entrySource(delivery.source);
  const evidence = { bytes: delivery.bytes, mediaType: delivery.mediaType };
  if (isUnderstood(reading)) {
    return reading.events.map((event, index) => {
      const draft = { ...event, source, actor, basis };
      return index === 0
        ? { ...draft, delivery: key, evidence }
        : { ...draft, delivery: `${key}#${index + 1}` };
    });
  }
  const problem = problemOf(reading) ?? NO_EVENTS;
  const id = quarantineId(delivery);
  return [
    {
      type: 'delivery.quarantined',
      source,
      subject: subjects.delivery(id),
      actor,
      basis,
      occurredAt: delivery.receivedAt,
      delivery: key,
      data: { quarantineId: id, deliveryId: key, reason: problem.reason, detail: problem.detail },
      evidence,
    },
  ];
}

const NO_EVENTS = notUnderstood('NO_EVENTS', 'The adapter found no event in it.');

function isUnderstood(reading: Reading): reading is Extract<Reading, { ok: true }> {
  return reading.ok && reading.events.length > 0;
}

function problemOf(reading: Reading): NotUnderstood | null {
  if (!reading.ok) return reading;
  return reading.events.length === 0 ? NO_EVENTS : null;
}

function withoutEntry(delivery: Delivery, why: string): Delivery {
  return { ...delivery, reading: notUnderstood('INVALID_ENTRY', why) };
}

function acceptedOrConflict(result: AppendResult | undefined): Recorded {
  const { conflict, duplicate, sequence } = present(result);
  return conflict
    ? { kind: 'conflict', firstSequence: sequence }
    : { kind: 'accepted', sequence, duplicate };
}

function quarantinedRow(
  delivery: Delivery,
  sequence: bigint,
  problem: NotUnderstood,
): QuarantinedRow {
  return {
    id: quarantineId(delivery),
    sourceId: delivery.source.id,
    sequence,
    delivery: delivery.key,
    receivedAt: delivery.receivedAt,
    reason: problem.reason,
    detail: problem.detail,
  };
}

function asQuarantined(row: QuarantinedRow, duplicate: boolean): Recorded {
  const { detail, id, reason, sequence } = row;
  return { kind: 'quarantined', id, sequence, reason, detail, duplicate };
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined)
    throw new RangeError('the ledger answered with fewer results than drafts');
  return value;
}
