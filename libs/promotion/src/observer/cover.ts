import type { SqlTx } from '@countersign/database';
import { subjects, SYSTEM_ACTOR, type EntryDraft } from '@countersign/events';
import type { EntryRecord } from '@countersign/ledger';
import type { RegistryQueries } from '@countersign/registry';
import { mayFollow } from '../domain/states.js';
import { aboutRequest, ownEntry } from '../entries.js';
import { consumePermit } from '../permit-store.js';
import type { PromotionRequestRecord } from '../records.js';
import { lockRequest } from '../request-rows.js';
import type { TargetKey } from './target-rows.js';

/** The request that stands for an observed change. */
export interface Cover {
  readonly requestId: string;
  /** Empty on a rebuild: the entries are in the ledger. */
  readonly drafts: readonly EntryDraft[];
}

interface Candidate {
  id: string;
}

/** What an earlier look at this entry decided; a rebuild takes it instead of deciding again. */
export async function knownCover(tx: SqlTx, sequence: bigint): Promise<Cover | null> {
  const [row] = await tx.query<{ request_id: string }>(
    'SELECT request_id FROM promotion_cover WHERE tenant_id = $1::uuid AND sequence = $2::bigint',
    [tx.tenantId, sequence],
  );
  return row === undefined ? null : { requestId: row.request_id, drafts: [] };
}

/**
 * Finds the request whose approved change this entry shows, and moves it to VERIFIED. It must be for the very
 * incarnation of the version, and its execution or its live permit must come before the entry in the ledger: the
 * order of the ledger, not of clocks, says what was allowed when it happened.
 */
export async function findCover(
  tx: SqlTx,
  registry: RegistryQueries,
  key: TargetKey,
  version: string,
  entry: EntryRecord,
): Promise<Cover | null> {
  const candidates = await tx.query<Candidate>(
    `SELECT id FROM promotion_request
      WHERE tenant_id = $1::uuid AND source = $2 AND model = $3 AND target = $4 AND version = $5
        AND state IN ('APPROVED', 'EXECUTING', 'FAILED')`,
    [tx.tenantId, key.source, key.model, key.target, version],
  );
  const [candidate] = candidates;
  if (candidate === undefined) return null;
  // Read again under the lock: a withdrawal may have committed since.
  const { record } = await lockRequest(tx, candidate.id);
  const present = await registry.version(tx, key.model, version, key.source);
  if (present?.id !== record.modelVersionId || !mayFollow(record.state, 'EXECUTED')) return null;
  const permitId = await coveringPermit(tx, record, entry);
  return permitId === null ? null : verified(tx, record, permitId, entry);
}

/** The permit that the change happened under; null when there was none at that point of the ledger. */
async function coveringPermit(
  tx: SqlTx,
  request: PromotionRequestRecord,
  entry: EntryRecord,
): Promise<string | null> {
  const [row] = await tx.query<{
    jti: string;
    since_sequence: bigint;
    executing_sequence: bigint | null;
    expires_at: Date;
    consumed_at: Date | null;
    voided_at: Date | null;
  }>(
    `SELECT p.jti, p.since_sequence, r.executing_sequence, p.expires_at, p.consumed_at, p.voided_at
       FROM permit p JOIN promotion_request r ON r.tenant_id = p.tenant_id AND r.id = p.request_id
      WHERE p.tenant_id = $1::uuid AND r.tenant_id = $1::uuid AND p.request_id = $2::uuid
      ORDER BY p.since_sequence DESC LIMIT 1`,
    [tx.tenantId, request.id],
  );
  if (row?.voided_at !== null) return null;
  if (request.state !== 'APPROVED') {
    // Used up by our own execution, so its time was judged then; what it does may show later.
    const after = row.executing_sequence !== null && row.executing_sequence < entry.sequence;
    return after ? row.jti : null;
  }
  const live = row.since_sequence < entry.sequence && entry.recordedAt <= row.expires_at;
  if (!live) return null;
  const use = { jti: row.jti, by: entry.actor.id, now: entry.recordedAt };
  return (await consumePermit(tx, use)) ? row.jti : null;
}

async function verified(
  tx: SqlTx,
  request: PromotionRequestRecord,
  permitId: string,
  entry: EntryRecord,
): Promise<Cover> {
  await tx.query(
    `UPDATE promotion_request SET state = 'VERIFIED', row_version = $3::int, call_due_after = NULL
      WHERE tenant_id = $1::uuid AND id = $2::uuid`,
    [tx.tenantId, request.id, request.rowVersion + 2],
  );
  await tx.query(
    'INSERT INTO promotion_cover (tenant_id, sequence, request_id) VALUES ($1::uuid, $2::bigint, $3::uuid)',
    [tx.tenantId, entry.sequence, request.id],
  );
  const step = (
    type: 'promotion.executed' | 'promotion.verified',
    state: string,
    rowVersion: number,
  ): EntryDraft =>
    ownEntry({
      type,
      subject: subjects.request(request.id),
      actor: SYSTEM_ACTOR,
      now: entry.recordedAt,
      delivery: `promotion:${request.id}:${type}`,
      data: {
        ...aboutRequest(request),
        state,
        rowVersion,
        permitId,
        cause: String(entry.sequence),
      },
    });
  return {
    requestId: request.id,
    drafts: [
      step('promotion.executed', 'EXECUTED', request.rowVersion + 1),
      step('promotion.verified', 'VERIFIED', request.rowVersion + 2),
    ],
  };
}
