import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import type { IssuedPermit } from './permit-issuer.js';
import type { PermitRecord } from './records.js';

interface PermitRow {
  jti: string;
  request_id: string;
  issued_at: Date;
  expires_at: Date;
  consumed_at: Date | null;
  voided_at: Date | null;
  token_sha256: string;
  token: string | null;
}

/** Keeps a permit. The request's row is locked, so a request has one live permit at most. */
export async function insertPermit(
  tx: SqlTx,
  permit: {
    jti: string;
    requestId: string;
    sinceSequence: bigint;
    issuedAt: Date;
    expiresAt: Date;
    issued: IssuedPermit;
  },
): Promise<void> {
  await tx.query(
    `INSERT INTO permit (tenant_id, jti, request_id, key_id, since_sequence, issued_at, expires_at, token_sha256, token)
     VALUES ($1::uuid, $2::uuid, $3::uuid, $4, $5::bigint, $6::timestamptz, $7::timestamptz, $8, $9)`,
    [
      tx.tenantId,
      permit.jti,
      permit.requestId,
      permit.issued.keyId,
      permit.sinceSequence,
      permit.issuedAt,
      permit.expiresAt,
      permit.issued.tokenSha256,
      permit.issued.token,
    ],
  );
}

/**
 * Uses a permit up. True exactly once per permit, and only while it is neither voided nor expired: the row itself
 * decides, whoever asks and however many at once.
 */
export async function consumePermit(
  tx: SqlTx,
  use: { jti: string; by: string; now: Date },
): Promise<boolean> {
  const rows = await tx.query(
    `UPDATE permit SET consumed_at = $3::timestamptz, consumed_by = $4, token = NULL
      WHERE tenant_id = $1::uuid AND jti = $2::uuid
        AND consumed_at IS NULL AND voided_at IS NULL AND expires_at > $3::timestamptz
      RETURNING jti`,
    [tx.tenantId, use.jti, use.now, use.by],
  );
  return rows.length === 1;
}

/** Voids the permits of a request that nobody has used, and returns their ids. */
export async function voidPermits(tx: SqlTx, requestId: string, now: Date): Promise<string[]> {
  const rows = await tx.query<{ jti: string }>(
    `UPDATE permit SET voided_at = $3::timestamptz, token = NULL
      WHERE tenant_id = $1::uuid AND request_id = $2::uuid AND consumed_at IS NULL AND voided_at IS NULL
      RETURNING jti`,
    [tx.tenantId, requestId, now],
  );
  return rows.map((row) => row.jti).sort();
}

/** Uses up the permit of an execution; on a retry the same permit was used by the first attempt. */
export async function consumeForExecution(
  tx: SqlTx,
  use: { jti: string; by: string; now: Date; retry: boolean },
): Promise<void> {
  if ((await consumePermit(tx, use)) || use.retry) return;
  throw new AppError('CONFLICT', {
    publicMessage: 'The permit of this request has been used elsewhere.',
    hint: 'Read the request again; the change may have been made already.',
  });
}

/** The newest permit of a request. Its token only while it can be used. */
export async function newestPermit(
  tx: SqlTx,
  requestId: string,
  now: Date,
): Promise<PermitRecord | null> {
  const [row] = await tx.query<PermitRow>(
    `SELECT jti, request_id, issued_at, expires_at, consumed_at, voided_at, token_sha256, token
       FROM permit WHERE tenant_id = $1::uuid AND request_id = $2::uuid
      ORDER BY since_sequence DESC LIMIT 1`,
    [tx.tenantId, requestId],
  );
  if (row === undefined) return null;
  return {
    jti: row.jti,
    requestId: row.request_id,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    consumedAt: row.consumed_at,
    voidedAt: row.voided_at,
    tokenSha256: row.token_sha256,
    token: row.expires_at.getTime() > now.getTime() ? row.token : null,
  };
}
