import { toHex, type EntryColumns } from '@countersign/chain';
import type { CopyRow } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { field, uuidText } from '../export/entry-pages.js';
import type { VerifyLevel } from './range-task.js';

const HASHES = 'e.seq, e.canonical, e.leaf_hash';
const HEADERS = `${HASHES}, e.id, e.recorded_at, e.occurred_at, e.type, e.source, e.subject, e.actor, e.delivery,
  e.payload_digest, e.evidence_digest`;
const PAYLOADS = `${HEADERS}, p.bytes, v.salt, v.bytes, d.seq IS NOT NULL`;

/** Where in a row the columns stand; those behind `leafHash` only at level `headers` and above. */
export const COLUMN = {
  sequence: 0,
  canonical: 1,
  leafHash: 2,
  id: 3,
  recordedAt: 4,
  occurredAt: 5,
  type: 6,
  source: 7,
  subject: 8,
  actor: 9,
  delivery: 10,
  payloadDigest: 11,
  evidenceDigest: 12,
  payload: 13,
  evidenceSalt: 14,
  evidence: 15,
  delivered: 16,
} as const;

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
  return int8Of(field(row, COLUMN.sequence));
}

function int8Of(bytes: Buffer): number {
  return bytes.readInt32BE(0) * 0x1_0000_0000 + bytes.readUInt32BE(4);
}

/** The columns of level `headers`. */
export function columnsOf(tenantId: TenantId, row: CopyRow): EntryColumns {
  const evidence = row[COLUMN.evidenceDigest];
  return {
    sequence: field(row, COLUMN.sequence).readBigInt64BE(),
    tenant: tenantId,
    id: idOf(row),
    recordedAt: moment(field(row, COLUMN.recordedAt)),
    occurredAt: moment(field(row, COLUMN.occurredAt)),
    type: utf8(row, COLUMN.type),
    source: utf8(row, COLUMN.source),
    subject: utf8(row, COLUMN.subject),
    actor: utf8(row, COLUMN.actor),
    delivery: utf8(row, COLUMN.delivery),
    payloadDigest: toHex(field(row, COLUMN.payloadDigest)),
    evidenceDigest: evidence === null || evidence === undefined ? null : toHex(evidence),
  };
}

/** The entry's id as text. */
export function idOf(row: CopyRow): string {
  return uuidText(field(row, COLUMN.id));
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
    payload: row[COLUMN.payload] ?? null,
    salt: row[COLUMN.evidenceSalt] ?? null,
    evidence: row[COLUMN.evidence] ?? null,
    delivered: row[COLUMN.delivered]?.[0] === 1,
  };
}

function utf8(row: CopyRow, index: number): string {
  return field(row, index).toString('utf8');
}

/** PostgreSQL counts microseconds from the beginning of 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

/** What a Date can hold; 'infinity' is beyond it. */
const DATE_MAX_MS = 8.64e15;

/** A timestamptz in milliseconds since 1970, with a fraction where it has one; NaN where a double is not exact. */
export function millisOf(bytes: Buffer): number {
  const micros = int8Of(bytes);
  return Number.isSafeInteger(micros) ? micros / 1_000 + EPOCH_MS : Number.NaN;
}

/** The columns keep whole milliseconds. */
function moment(bytes: Buffer): Date {
  const ms = Number(bytes.readBigInt64BE() / 1000n) + EPOCH_MS;
  return new Date(Math.max(-DATE_MAX_MS, Math.min(ms, DATE_MAX_MS)));
}
