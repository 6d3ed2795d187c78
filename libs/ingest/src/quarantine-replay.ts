import type { Database } from '@countersign/database';
import type { Principal } from '@countersign/identity';
import { AppError, isUuid, type Clock } from '@countersign/kernel';
import type { LedgerQueries, LedgerService } from '@countersign/ledger';
import { QUARANTINE_COLUMNS, type QuarantinedRecord } from './quarantine-rows.js';
import type { Reading, ReadInput } from './reading.js';
import { draftsOf } from './recorder.js';
import type { SourceService } from './source.service.js';
import type { Source } from './source.js';
import { readCloudEvent } from './sources/cloudevents/read-cloud-event.js';
import { readMlflow, readMlflowValue } from './sources/mlflow/read-mlflow.js';
import { readOpenLineage } from './sources/openlineage/read-open-lineage.js';

export interface QuarantineReplayOptions {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly queries: LedgerQueries;
  readonly clock: Clock;
  readonly sources: SourceService;
  /** What reads the bytes again; by the source's kind when absent. */
  readonly read?: (source: Source, input: ReadInput) => Reading;
}

/** Reads quarantined bytes again with today's adapter. */
export class QuarantineReplay {
  readonly #options: QuarantineReplayOptions;

  constructor(options: QuarantineReplayOptions) {
    this.#options = options;
  }

  /**
   * Appends what today's adapter understands of a quarantined delivery, under the key `<delivery>#replay`, and marks it
   * replayed, in one transaction. A second call changes nothing and answers the same. The caller has checked
   * `quarantine.replay`. Throws NOT_FOUND, STILL_QUARANTINED (with today's reason), EVIDENCE_GONE (erased).
   */
  async replay(principal: Principal, id: string): Promise<QuarantinedRecord> {
    const { clock, database, ledger, queries, sources } = this.#options;
    if (!isUuid(id)) throw notFound();
    return database.sqlTransaction(principal.tenantId, async (tx) => {
      const [row] = await tx.query<QuarantinedRecord>(
        `SELECT ${QUARANTINE_COLUMNS} FROM quarantine WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE`,
        [tx.tenantId, id],
      );
      if (row === undefined) throw notFound();
      if (row.replayedAt !== null) return row;
      const source = await sources.byId(tx, row.sourceId);
      const [entry] = await queries.range(tx, {
        after: row.sequence - 1n,
        limit: 1,
        evidence: true,
      });
      if (source === null || entry?.sequence !== row.sequence || entry.evidence === null) {
        throw evidenceGone();
      }
      const { bytes, mediaType } = entry.evidence;
      const read = this.#options.read ?? readAgain;
      const reading = read(source, { bytes, receivedAt: row.receivedAt, sourceId: source.id });
      if (!reading.ok || reading.events.length === 0) throw stillQuarantined(reading);
      const drafts = draftsOf({
        source,
        key: `${row.delivery}#replay`,
        basis: entry.basis,
        actor: entry.actor, // whoever replays is not who acted
        reading,
        bytes,
        mediaType,
        receivedAt: row.receivedAt,
      });
      const [result] = await ledger.appendInTx(tx, drafts);
      if (result === undefined || result.conflict) throw evidenceGone();
      const replayedAt = clock.now();
      await tx.query(
        `UPDATE quarantine SET replayed_at = $3::timestamptz, replay_sequence = $4::bigint
         WHERE tenant_id = $1::uuid AND id = $2::uuid`,
        [tx.tenantId, id, replayedAt, result.sequence],
      );
      return { ...row, replayedAt, replaySequence: result.sequence };
    });
  }
}

function readAgain(source: Source, input: ReadInput): Reading {
  switch (source.kind) {
    case 'MLFLOW':
      return source.format === 'CLOUDEVENTS' ? readEither(input) : readMlflow(input);
    case 'CLOUDEVENTS':
      return readCloudEvent(input, readMlflowValue).reading;
    case 'OPENLINEAGE':
      return readOpenLineage(input).reading;
    case 'DATABRICKS':
    case 'CLOUDERA_ATLAS':
      return { ok: false, reason: 'UNKNOWN_EVENT_TYPE', detail: `${source.kind} has no adapter.` };
  }
}

/** An MLflow source whose topic carries CloudEvents still takes webhooks. */
function readEither(input: ReadInput): Reading {
  const asWebhook = readMlflow(input);
  return asWebhook.ok ? asWebhook : readCloudEvent(input, readMlflowValue).reading;
}

function notFound(): AppError {
  return new AppError('NOT_FOUND', {
    publicMessage: 'There is no such quarantined delivery.',
    hint: 'List the quarantine of your tenant.',
  });
}

function evidenceGone(): AppError {
  return new AppError('EVIDENCE_GONE', {
    publicMessage: 'The bytes of this delivery are no longer kept.',
    hint: 'They were erased. The entry and its digest remain.',
  });
}

function stillQuarantined(reading: Reading): AppError {
  const why = reading.ok ? 'NO_EVENTS' : `${reading.reason}: ${reading.detail}`;
  return new AppError('STILL_QUARANTINED', {
    publicMessage: `The delivery is still not understood. ${why}`,
    hint: 'It stays in quarantine and can be replayed after an update.',
  });
}
