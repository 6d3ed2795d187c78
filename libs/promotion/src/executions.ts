import type { Database, SqlTx } from '@countersign/database';
import { subjects, SYSTEM_ACTOR, type ActorRef, type EntryDraft } from '@countersign/events';
import { AppError, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import { CALL_LEASE_MS } from './command-writer.js';
import { aboutRequest, ownEntry } from './entries.js';
import type { PromotionRequestRecord } from './records.js';
import type { RegistryWriter, RegistryWriteResult } from './registry-writer.js';
import { lockRequest, readRequest, unknownRequest } from './request-rows.js';

interface ExecutionsDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly writer: RegistryWriter;
  readonly clock: Clock;
}

/** Most calls that one pass resumes. */
const RESUME_MAX = 20;

/** Calls registries for requests that are EXECUTING, outside of any transaction, and records what came of it. */
export class Executions {
  constructor(private readonly deps: ExecutionsDeps) {}

  /** Makes the call of one request that this process has just moved to EXECUTING. */
  async call(tenantId: TenantId, id: string): Promise<PromotionRequestRecord> {
    const { request, permitId } = await this.#toCall(tenantId, id);
    const result = await this.deps.writer.apply({
      tenantId,
      source: request.source,
      model: request.model,
      target: request.target,
      version: request.version,
      permitId,
    });
    return this.#record(tenantId, request, permitId, result);
  }

  /**
   * Makes the calls whose process is gone: those with a lapsed lease, claimed one by one so that of two workers
   * one calls. The permit id is that of the first attempt. Returns how many were made.
   */
  async resume(tenantId: TenantId): Promise<number> {
    const { database, clock } = this.deps;
    for (let made = 0; made < RESUME_MAX; made += 1) {
      const now = clock.now();
      const id = await database.sqlTransaction(tenantId, (tx) => claimLapsed(tx, now));
      if (id === null) return made;
      await this.call(tenantId, id);
    }
    return RESUME_MAX;
  }

  async #toCall(
    tenantId: TenantId,
    id: string,
  ): Promise<{ request: PromotionRequestRecord; permitId: string }> {
    return this.deps.database.read(tenantId, async (tx) => {
      const loaded = await readRequest(tx, id);
      if (loaded === null) throw unknownRequest();
      const permitId = loaded.state.permit?.jti;
      if (permitId === undefined) {
        throw new AppError('INTERNAL', { publicMessage: 'An execution without a permit.' });
      }
      return { request: loaded.record, permitId };
    });
  }

  async #record(
    tenantId: TenantId,
    request: PromotionRequestRecord,
    permitId: string,
    result: RegistryWriteResult,
  ): Promise<PromotionRequestRecord> {
    return this.deps.database.sqlTransaction(tenantId, async (tx) => {
      const { record } = await lockRequest(tx, request.id);
      // The change may have been observed, and the request verified, before the call returned.
      const failed = result.outcome === 'failed' && record.state === 'EXECUTING';
      const after = failed
        ? { ...record, state: 'FAILED' as const, rowVersion: record.rowVersion + 1 }
        : record;
      await tx.query(
        `UPDATE promotion_request SET state = $3, row_version = $4::int, call_due_after = NULL
          WHERE tenant_id = $1::uuid AND id = $2::uuid`,
        [tx.tenantId, record.id, after.state, after.rowVersion],
      );
      const drafts = await this.#entries(tx, after, permitId, result);
      if (drafts.length > 0) await this.deps.ledger.appendInTx(tx, drafts);
      return after;
    });
  }

  async #entries(
    tx: SqlTx,
    request: PromotionRequestRecord,
    permitId: string,
    result: RegistryWriteResult,
  ): Promise<EntryDraft[]> {
    const now = this.deps.clock.now();
    const about = aboutRequest(request);
    const entry = (
      type: 'promotion.applied' | 'promotion.failed',
      data: EntryDraft['data'],
    ): EntryDraft =>
      ownEntry({
        type,
        subject: subjects.request(request.id),
        actor: SYSTEM_ACTOR,
        now,
        delivery: `promotion:${request.id}:${request.rowVersion}:${type}`,
        data: { ...about, permitId, ...data },
      });
    switch (result.outcome) {
      case 'not_connected':
        return [];
      case 'failed': {
        const { state, rowVersion } = request;
        return [entry('promotion.failed', { state, rowVersion, detail: result.detail })];
      }
      case 'applied': {
        const executor = await executorOf(tx, request.id);
        return [entry('promotion.applied', {}), ...stageEntries(request, permitId, executor, now)];
      }
    }
  }
}

/**
 * Registries send no event for a change of stage, so the answer to our own call is what we know of it: the entry
 * that moves the mirror. An alias comes back as the registry's own event.
 */
function stageEntries(
  request: PromotionRequestRecord,
  permitId: string,
  executor: ActorRef,
  now: Date,
): EntryDraft[] {
  if (!request.target.startsWith('stage:')) return [];
  const to = request.target.slice('stage:'.length);
  const moved = (
    version: string,
    data: { from: string | null; to: string; cause: 'request' | 'side_effect' },
  ): EntryDraft => ({
    type: 'model_version.stage_transitioned',
    source: request.source,
    subject: subjects.modelVersion(request.model, version),
    actor: executor,
    basis: data.cause === 'request' ? 'authenticated' : 'inferred',
    occurredAt: now,
    delivery: `promotion:${permitId}:${version}`,
    data: { name: request.model, version, ...data },
  });
  const archived = request.pin.expectedHolders.filter((version) => version !== request.version);
  return [
    ...archived.map((version) =>
      moved(version, { from: to, to: 'Archived', cause: 'side_effect' }),
    ),
    moved(request.version, { from: null, to, cause: 'request' }),
  ];
}

async function executorOf(tx: SqlTx, id: string): Promise<ActorRef> {
  const [row] = await tx.query<{ executed_by: string | null }>(
    'SELECT executed_by FROM promotion_request WHERE tenant_id = $1::uuid AND id = $2::uuid',
    [tx.tenantId, id],
  );
  const actor = row?.executed_by ?? null;
  if (actor === null) return SYSTEM_ACTOR;
  const kind = actor.startsWith('user:') ? 'user' : 'service';
  return { id: actor, kind, basis: 'authenticated' };
}

async function claimLapsed(tx: SqlTx, now: Date): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `SELECT id FROM promotion_request
      WHERE tenant_id = $1::uuid AND state = 'EXECUTING' AND call_due_after <= $2::timestamptz
      ORDER BY call_due_after LIMIT 1 FOR UPDATE SKIP LOCKED`,
    [tx.tenantId, now],
  );
  if (row === undefined) return null;
  await tx.query(
    `UPDATE promotion_request SET call_due_after = $3::timestamptz
      WHERE tenant_id = $1::uuid AND id = $2::uuid`,
    [tx.tenantId, row.id, new Date(now.getTime() + CALL_LEASE_MS)],
  );
  return row.id;
}
