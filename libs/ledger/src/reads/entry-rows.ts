import { toHex } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import type { ActorKind, Basis } from '@countersign/events';
import type { Json, JsonObject } from '@countersign/kernel';
import { TIER_COLUMNS, tierOf, type TierMarks } from '../heads/tier.js';
import type { DisclosureRecord, EntryRecord, EvidenceRecord } from './entry-record.js';
import { readablePayload } from './readable.js';

interface EntryRow extends TierMarks {
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
  readonly payload: Buffer;
}

interface DisclosureRow {
  readonly seq: bigint;
  readonly path: string;
  readonly salt: Buffer;
  readonly value: Buffer;
  readonly data_subject: string | null;
}

interface EvidenceRow {
  readonly seq: bigint;
  readonly salt: Buffer;
  readonly media_type: string;
  readonly bytes: Buffer;
}

/** `$1` is the tenant. */
const SELECT = `SELECT e.seq, e.id, e.recorded_at, e.occurred_at, e.type, e.source, e.subject, e.actor, e.delivery,
    e.canonical, e.leaf_hash, e.payload_digest, e.evidence_digest, p.bytes AS payload, ${TIER_COLUMNS}
  FROM ledger_entry e JOIN ledger_payload p ON p.tenant_id = $1::uuid AND p.seq = e.seq
  WHERE e.tenant_id = $1::uuid`;

/**
 * Entries that meet `rest`, an SQL tail over the aliases e (entry) and p (payload) with further parameters from $2
 * on. Evidence bytes only when asked for.
 */
export async function selectEntries(
  tx: SqlTx,
  rest: string,
  values: readonly unknown[],
  evidence: boolean,
): Promise<EntryRecord[]> {
  const rows = await tx.query<EntryRow>(`${SELECT} ${rest}`, [tx.tenantId, ...values]);
  if (rows.length === 0) return [];
  const sequences = rows.map((row) => row.seq);
  const disclosures = await selectDisclosures(tx, sequences);
  const kept = evidence ? await selectEvidence(tx, sequences) : new Map<bigint, EvidenceRecord>();
  return rows.map((row) =>
    toRecord(row, disclosures.get(row.seq) ?? [], kept.get(row.seq) ?? null),
  );
}

async function selectDisclosures(
  tx: SqlTx,
  sequences: readonly bigint[],
): Promise<Map<bigint, DisclosureRecord[]>> {
  const rows = await tx.query<DisclosureRow>(
    `SELECT seq, path, salt, value, data_subject FROM ledger_disclosure
     WHERE tenant_id = $1::uuid AND seq = ANY ($2::bigint[]) ORDER BY seq, path`,
    [tx.tenantId, sequences],
  );
  const bySequence = new Map<bigint, DisclosureRecord[]>();
  for (const row of rows) {
    const value = parse<Json>(row.value);
    const record = {
      path: row.path,
      saltHex: toHex(row.salt),
      value,
      dataSubject: row.data_subject,
    };
    const list = bySequence.get(row.seq);
    if (list === undefined) bySequence.set(row.seq, [record]);
    else list.push(record);
  }
  return bySequence;
}

async function selectEvidence(
  tx: SqlTx,
  sequences: readonly bigint[],
): Promise<Map<bigint, EvidenceRecord>> {
  const rows = await tx.query<EvidenceRow>(
    `SELECT seq, salt, media_type, bytes FROM ledger_evidence
     WHERE tenant_id = $1::uuid AND seq = ANY ($2::bigint[])`,
    [tx.tenantId, sequences],
  );
  return new Map(
    rows.map(({ bytes, media_type, salt, seq }) => [seq, { salt, mediaType: media_type, bytes }]),
  );
}

/** The part of the payload that the ledger itself writes. */
type LedgerPayload = JsonObject & {
  readonly actor: { readonly basis: Basis; readonly kind: ActorKind };
  readonly basis: Basis;
};

function toRecord(
  row: EntryRow,
  disclosures: readonly DisclosureRecord[],
  evidence: EvidenceRecord | null,
): EntryRecord {
  const payload = parse<LedgerPayload>(row.payload);
  const { prev } = parse<{ readonly prev: string }>(row.canonical);
  const disclosed = new Map(disclosures.map(({ path, value }) => [path, value]));
  return {
    sequence: row.seq,
    id: row.id,
    type: row.type,
    source: row.source,
    subject: row.subject,
    delivery: row.delivery,
    actor: { id: row.actor, kind: payload.actor.kind, basis: payload.actor.basis },
    basis: payload.basis,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    canonical: row.canonical,
    leafHash: row.leaf_hash,
    previousHash: Buffer.from(prev, 'hex'),
    payloadCanonical: row.payload,
    payloadDigest: toHex(row.payload_digest),
    payload: readablePayload(payload, disclosed),
    disclosures,
    evidenceDigest: row.evidence_digest === null ? null : toHex(row.evidence_digest),
    evidence,
    tier: tierOf(row, row.seq),
  };
}

/** The ledger's own canonical bytes. */
function parse<Value>(bytes: Buffer): Value {
  return JSON.parse(bytes.toString('utf8')) as Value;
}
