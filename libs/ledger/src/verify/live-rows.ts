import { toHex, type ChainRecord, type DisclosedValue } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import { isAppError, type Json } from '@countersign/kernel';
import type { Contents } from '../sealing/contents.js';

interface LiveRow {
  readonly seq: bigint;
  readonly id: string;
  readonly recorded_at: Date;
  readonly occurred_at: Date;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly actor: string;
  readonly delivery: string;
  readonly canonical: Buffer;
  readonly leaf_hash: Buffer;
  readonly payload_digest: Buffer;
  readonly evidence_digest: Buffer | null;
  readonly payload: Buffer | null;
  readonly delivered: boolean;
  readonly salt: Buffer | null;
  readonly bytes: Buffer | null;
}

/** A stored entry as the verifier takes it, and what the verifier cannot see by itself. */
export interface LiveEntry {
  readonly record: ChainRecord;
  /** Its delivery row is there and names this entry. */
  readonly delivered: boolean;
  /** A disclosure that is not even JSON. */
  readonly badDisclosure: string | null;
  /** A sealed value that does not open, by its table. */
  readonly brokenSeal: string | null;
  /** Its payload row is there; its content may be lost with the tenant's key. */
  readonly hasPayload: boolean;
}

const SELECT = `SELECT e.seq, e.id, e.recorded_at, e.occurred_at, e.type, e.source, e.subject, e.actor, e.delivery,
    e.canonical, e.leaf_hash, e.payload_digest, e.evidence_digest, p.bytes AS payload, d.seq IS NOT NULL AS delivered,
    v.salt, v.bytes
  FROM ledger_entry e
  LEFT JOIN ledger_payload p ON p.tenant_id = $1::uuid AND p.seq = e.seq
  LEFT JOIN ledger_delivery d ON d.tenant_id = $1::uuid AND d.source = e.source AND d.delivery = e.delivery
    AND d.seq = e.seq
  LEFT JOIN ledger_evidence v ON v.tenant_id = $1::uuid AND v.seq = e.seq
  WHERE e.tenant_id = $1::uuid AND e.seq > $2::bigint ORDER BY e.seq LIMIT $3::int`;

/** The next stored entries after a sequence, as they are: nothing is parsed that a tamperer could have broken. */
export async function liveEntries(
  tx: SqlTx,
  contents: Contents,
  after: bigint,
  limit: number,
): Promise<LiveEntry[]> {
  const rows = await tx.query<LiveRow>(SELECT, [tx.tenantId, after, limit]);
  const last = rows.at(-1);
  if (last === undefined) return [];
  const disclosures = await tx.query<{ seq: bigint; path: string; salt: Buffer; value: Buffer }>(
    `SELECT seq, path, salt, value FROM ledger_disclosure
     WHERE tenant_id = $1::uuid AND seq > $2::bigint AND seq <= $3::bigint`,
    [tx.tenantId, after, last.seq],
  );
  const ids = new Map(rows.map((row) => [row.seq, row.id]));
  const broken = new Map<bigint, string>();
  const open = (seq: bigint, table: string, work: () => Buffer | null): Buffer | null => {
    try {
      return work();
    } catch (error) {
      if (!isAppError(error, 'SEAL_BROKEN')) throw error;
      broken.set(seq, table);
      return null;
    }
  };
  const opened = new Map<bigint, DisclosedValue[]>();
  const bad = new Map<bigint, string>();
  for (const { path, salt, seq, value } of disclosures) {
    const id = ids.get(seq) ?? '';
    const plain = open(seq, 'ledger_disclosure', () => contents.disclosure(id, path, value));
    if (plain === null) continue;
    const parsed = tryParse(plain);
    if (parsed === undefined) bad.set(seq, path);
    else opened.set(seq, [...(opened.get(seq) ?? []), { path, salt, value: parsed }]);
  }
  return rows.map((row) => {
    const { bytes, id, payload, seq } = row;
    const plain = {
      ...row,
      payload: open(seq, 'ledger_payload', () => contents.payload(id, payload)),
      bytes: open(seq, 'ledger_evidence', () => contents.evidence(id, bytes)),
    };
    return {
      record: toRecord(tx, plain, opened.get(seq) ?? []),
      delivered: row.delivered,
      badDisclosure: bad.get(seq) ?? null,
      brokenSeal: broken.get(seq) ?? null,
      hasPayload: payload !== null,
    };
  });
}

function toRecord(tx: SqlTx, row: LiveRow, disclosures: readonly DisclosedValue[]): ChainRecord {
  const { actor, delivery, id, source, subject, type } = row;
  return {
    canonical: row.canonical,
    leafHash: row.leaf_hash,
    columns: {
      sequence: row.seq,
      tenant: tx.tenantId,
      occurredAt: row.occurred_at,
      recordedAt: row.recorded_at,
      payloadDigest: toHex(row.payload_digest),
      evidenceDigest: row.evidence_digest === null ? null : toHex(row.evidence_digest),
      ...{ actor, delivery, id, source, subject, type },
    },
    payload: row.payload,
    disclosures,
    evidence: row.salt === null || row.bytes === null ? null : { salt: row.salt, bytes: row.bytes },
  };
}

function tryParse(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}
