import { toHex, type EntryColumns } from '@countersign/chain';
import type { CopyRow } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { field, uuidText } from '../export/entry-pages.js';
import type { VerifyLevel } from './range-task.js';

const HASHES = 'e.seq, e.canonical, e.leaf_hash';
const HEADERS = `${HASHES}, e.id, e.recorded_at, e.occurred_at, e.type, e.source, e.subject, e.actor, e.delivery,
  e.payload_digest, e.evidence_digest`;
const PAYLOADS = `${HEADERS}, p.bytes, v.salt, v.bytes, d.seq IS NOT NULL`;

/** The entries from .. to - 1 of a tenant with what a level looks at, for `copyRows`. */
export function selectRows(
  tenantId: TenantId,
  level: VerifyLevel,
  from: number,
  to: number,
): string {
  const where = `WHERE e.tenant_id = '${tenantId}' AND e.seq >= ${from} AND e.seq < ${to} ORDER BY e.seq`;
  if (level === 'hashes') return `SELECT ${HASHES} FROM ledger_entry e ${where}`;
  if (level === 'headers') return `SELECT ${HEADERS} FROM ledger_entry e ${where}`;
  return `SELECT ${PAYLOADS} FROM ledger_entry e
    LEFT JOIN ledger_payload p ON p.tenant_id = '${tenantId}' AND p.seq = e.seq
    LEFT JOIN ledger_evidence v ON v.tenant_id = '${tenantId}' AND v.seq = e.seq
    LEFT JOIN ledger_delivery d ON d.tenant_id = '${tenantId}' AND d.source = e.source AND d.delivery = e.delivery
      AND d.seq = e.seq
    ${where}`;
}

/** An int8 that is a safe integer: cheaper than by way of bigint. */
export function sequenceOf(row: CopyRow): number {
  const bytes = field(row, 0);
  return bytes.readInt32BE(0) * 0x1_0000_0000 + bytes.readUInt32BE(4);
}

/** The columns of level `headers`. */
export function columnsOf(tenantId: TenantId, row: CopyRow): EntryColumns {
  const evidence = row[12];
  return {
    sequence: field(row, 0).readBigInt64BE(),
    tenant: tenantId,
    id: uuidText(field(row, 3)),
    recordedAt: moment(field(row, 4)),
    occurredAt: moment(field(row, 5)),
    type: utf8(row, 6),
    source: utf8(row, 7),
    subject: utf8(row, 8),
    actor: utf8(row, 9),
    delivery: utf8(row, 10),
    payloadDigest: toHex(field(row, 11)),
    evidenceDigest: evidence === null || evidence === undefined ? null : toHex(evidence),
  };
}

/** What level `payloads` adds, still sealed. */
export interface SealedRow {
  readonly payload: Buffer | null;
  readonly salt: Buffer | null;
  readonly evidence: Buffer | null;
  readonly delivered: boolean;
}

export function sealedOf(row: CopyRow): SealedRow {
  return {
    payload: row[13] ?? null,
    salt: row[14] ?? null,
    evidence: row[15] ?? null,
    delivered: row[16]?.[0] === 1,
  };
}

function utf8(row: CopyRow, index: number): string {
  return field(row, index).toString('utf8');
}

/** PostgreSQL counts microseconds from the beginning of 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

/** What a Date can hold; 'infinity' is beyond it. */
const DATE_MAX_MS = 8.64e15;

/** The columns keep whole milliseconds. */
function moment(bytes: Buffer): Date {
  const ms = Number(bytes.readBigInt64BE() / 1000n) + EPOCH_MS;
  return new Date(Math.max(-DATE_MAX_MS, Math.min(ms, DATE_MAX_MS)));
}
