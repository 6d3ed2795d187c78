import type { SqlTx } from '@countersign/database';
import { AppError, isUuid } from '@countersign/kernel';
import { requestDelivery, voteDelivery } from './deliveries.js';
import type { Pin } from './domain/pin.js';
import type { PermitState, RequestState } from './domain/request-state.js';
import type { PromotionState } from './domain/states.js';
import type { PromotionRequestRecord, VoteDecision, VoteRecord } from './records.js';

interface RequestRow {
  id: string;
  source: string;
  model: string;
  version: string;
  model_version_id: string;
  target: string;
  state: PromotionState;
  row_version: number;
  object: string;
  requested_by: string;
  registrant: string | null;
  created_at: Date;
  expires_at: Date;
  pin: Pin;
  pin_digest: string;
  policy: string;
  policy_version: string;
}

interface VoteRow {
  id: string;
  request_id: string;
  actor_id: string;
  decision: VoteDecision;
  role: string;
  row_version: number;
  pin_digest: string;
  cast_at: Date;
  revoked_at: Date | null;
}

interface PermitRow {
  jti: string;
  expires_at: Date;
  voided_at: Date | null;
  consumed_at: Date | null;
}

export const REQUEST_COLUMNS = `r.id, r.source, r.model, r.version, r.model_version_id, r.target, r.state,
  r.row_version, r.object, r.requested_by, r.registrant, r.created_at, r.expires_at, r.pin,
  r.pin_digest, r.policy, r.policy_version`;

/** A request with its votes and its newest permit, all of one moment. */
export interface LoadedRequest {
  readonly record: PromotionRequestRecord;
  readonly state: RequestState;
}

/**
 * Locks the request's row until the transaction ends and reads it. Every command begins with this: two approvers
 * who each counted before the other committed would leave a complete request pending.
 * Throws NOT_FOUND for an id that this tenant does not have.
 */
export async function lockRequest(tx: SqlTx, id: string): Promise<LoadedRequest> {
  const [row] = isUuid(id)
    ? await tx.query<RequestRow>(
        `SELECT ${REQUEST_COLUMNS} FROM promotion_request r
          WHERE r.tenant_id = $1::uuid AND r.id = $2::uuid FOR UPDATE`,
        [tx.tenantId, id],
      )
    : [];
  if (row === undefined) throw unknownRequest();
  return loaded(tx, row);
}

/** Reads a request without locking it; null when this tenant has no such id. */
export async function readRequest(tx: SqlTx, id: string): Promise<LoadedRequest | null> {
  if (!isUuid(id)) return null;
  const [row] = await tx.query<RequestRow>(
    `SELECT ${REQUEST_COLUMNS} FROM promotion_request r WHERE r.tenant_id = $1::uuid AND r.id = $2::uuid`,
    [tx.tenantId, id],
  );
  return row === undefined ? null : loaded(tx, row);
}

/** Rows of a list query, with their votes, in the order given. */
export async function withVotes(
  tx: SqlTx,
  rows: readonly object[],
): Promise<PromotionRequestRecord[]> {
  const requests = rows as readonly RequestRow[];
  const votes = await votesOf(
    tx,
    requests.map((row) => row.id),
  );
  return requests.map((row) => recordOf(row, votes.get(row.id) ?? []));
}

export function unknownRequest(): AppError {
  return new AppError('NOT_FOUND', {
    publicMessage: 'There is no such promotion request.',
    hint: 'Take the id from promotionRequests.',
  });
}

async function loaded(tx: SqlTx, row: RequestRow): Promise<LoadedRequest> {
  const votes = (await votesOf(tx, [row.id])).get(row.id) ?? [];
  const [permit] = await tx.query<PermitRow>(
    `SELECT jti, expires_at, voided_at, consumed_at FROM permit
      WHERE tenant_id = $1::uuid AND request_id = $2::uuid ORDER BY since_sequence DESC LIMIT 1`,
    [tx.tenantId, row.id],
  );
  const record = recordOf(row, votes);
  return { record, state: stateOf(record, permit) };
}

async function votesOf(tx: SqlTx, ids: readonly string[]): Promise<Map<string, VoteRecord[]>> {
  const found = new Map<string, VoteRecord[]>();
  if (ids.length === 0) return found;
  const rows = await tx.query<VoteRow>(
    `SELECT id, request_id, actor_id, decision, role, row_version, pin_digest, cast_at, revoked_at
       FROM promotion_vote WHERE tenant_id = $1::uuid AND request_id = ANY($2::uuid[])
      ORDER BY cast_at, id`,
    [tx.tenantId, ids],
  );
  for (const row of rows) {
    const votes = found.get(row.request_id) ?? [];
    found.set(row.request_id, votes);
    votes.push({
      id: row.id,
      decision: row.decision,
      role: row.role,
      castBy: row.actor_id,
      castAt: row.cast_at,
      saidIn: voteDelivery(row.request_id, row.row_version),
      revokedAt: row.revoked_at,
      pinDigest: row.pin_digest,
    });
  }
  return found;
}

function recordOf(row: RequestRow, votes: readonly VoteRecord[]): PromotionRequestRecord {
  return {
    id: row.id,
    source: row.source,
    model: row.model,
    version: row.version,
    modelVersionId: row.model_version_id,
    target: row.target,
    object: row.object,
    state: row.state,
    rowVersion: row.row_version,
    requestedBy: row.requested_by,
    registrant: row.registrant,
    saidIn: requestDelivery(row.id),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    pin: row.pin,
    pinDigest: row.pin_digest,
    policy: row.policy,
    policyVersion: row.policy_version,
    votes,
  };
}

function stateOf(record: PromotionRequestRecord, permit: PermitRow | undefined): RequestState {
  return {
    id: record.id,
    state: record.state,
    rowVersion: record.rowVersion,
    requestedBy: record.requestedBy,
    registrant: record.registrant,
    pinDigest: record.pinDigest,
    expiresAt: record.expiresAt,
    votes: record.votes.map((vote) => ({
      id: vote.id,
      actor: vote.castBy,
      role: vote.role,
      decision: vote.decision,
      pinDigest: vote.pinDigest,
      revoked: vote.revokedAt !== null,
    })),
    permit: permit === undefined ? null : permitState(permit),
  };
}

function permitState(row: PermitRow): PermitState {
  return { jti: row.jti, expiresAt: row.expires_at, voided: row.voided_at !== null };
}
