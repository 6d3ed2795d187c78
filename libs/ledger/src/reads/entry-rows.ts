import { toHex } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import type { ActorKind, Basis } from '@countersign/events';
import type { Json, JsonObject } from '@countersign/kernel';
import { TIER_COLUMNS, tierOf, type TierMarks } from '../heads/tier.js';
import type { DisclosureRecord, EntryRecord, EvidenceRecord } from './entry-record.js';
import type { Contents } from '../sealing/contents.js';
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
  readonly id: string;
  readonly path: string;
  readonly salt: Buffer;
  readonly value: Buffer;
  readonly data_subject: string | null;
}

interface EvidenceRow {
  readonly seq: bigint;
  readonly id: string;
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
 * Entries that meet `rest`, an SQL tail over the alias e (entry) with further parameters from $2 on. Evidence bytes only
 * when asked for.
 */
export async function selectEntries(
  tx: SqlTx,
  contents: Contents,
  rest: string,
  values: readonly unknown[],
  evidence: boolean,
): Promise<EntryRecord[]> {
  const rows = await tx.query<EntryRow>(`${SELECT} ${rest}`, [tx.tenantId, ...values]);
  if (rows.length === 0) return [];
  const sequences = rows.map((row) => row.seq);
  const disclosures = await selectDisclosures(tx, contents, sequences);
  const kept = evidence
    ? await selectEvidence(tx, contents, sequences)
    : new Map<bigint, EvidenceRecord>();
  return rows.map((row) =>
    toRecord(row, contents, disclosures.get(row.seq) ?? [], kept.get(row.seq) ?? null),
  );
}

async function selectDisclosures(
  tx: SqlTx,
  contents: Contents,
  sequences: readonly bigint[],
): Promise<Map<bigint, DisclosureRecord[]>> {
  const rows = await tx.query<DisclosureRow>(
    `SELECT x.seq, e.id, x.path, x.salt, x.value, x.data_subject
     FROM ledger_disclosure x JOIN ledger_entry e ON e.tenant_id = $1::uuid AND e.seq = x.seq
     WHERE x.tenant_id = $1::uuid AND x.seq = ANY ($2::bigint[]) ORDER BY x.seq, x.path`,
    [tx.tenantId, sequences],
  );
  const bySequence = new Map<bigint, DisclosureRecord[]>();
  for (const row of rows) {
    const opened = contents.disclosure(row.id, row.path, row.value);
    if (opened === null) continue;
    const value = parse<Json>(opened);
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
  contents: Contents,
  sequences: readonly bigint[],
): Promise<Map<bigint, EvidenceRecord>> {
  const rows = await tx.query<EvidenceRow>(
    `SELECT v.seq, e.id, v.salt, v.media_type, v.bytes
     FROM ledger_evidence v JOIN ledger_entry e ON e.tenant_id = $1::uuid AND e.seq = v.seq
     WHERE v.tenant_id = $1::uuid AND v.seq = ANY ($2::bigint[])`,
    [tx.tenantId, sequences],
  );
  const kept = new Map<bigint, EvidenceRecord>();
  for (const { bytes: sealed, id, media_type: mediaType, salt, seq } of rows) {
    const bytes = contents.evidence(id, sealed);
    if (bytes !== null) kept.set(seq, { salt, mediaType, bytes });
  }
  return kept;
}

/** The part of the payload that the ledger itself writes. */
type LedgerPayload = JsonObject & {
  readonly actor: { readonly basis: Basis; readonly kind: ActorKind };
  readonly basis: Basis;
};

function toRecord(
  row: EntryRow,
  contents: Contents,
  disclosures: readonly DisclosureRecord[],
  evidence: EvidenceRecord | null,
): EntryRecord {
  const canonical = contents.payload(row.id, row.payload);
  const payload = canonical === null ? null : parse<LedgerPayload>(canonical);
  const { prev } = parse<{ readonly prev: string }>(row.canonical);
  const disclosed = new Map(disclosures.map(({ path, value }) => [path, value]));
  return {
    sequence: row.seq,
    id: row.id,
    type: row.type,
    source: row.source,
    subject: row.subject,
    delivery: row.delivery,
    readable: payload !== null,
    actor: actorOf(row.actor, payload),
    basis: payload?.basis ?? WEAKEST_BASIS,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    canonical: row.canonical,
    leafHash: row.leaf_hash,
    previousHash: Buffer.from(prev, 'hex'),
    payloadCanonical: canonical,
    payloadDigest: toHex(row.payload_digest),
    payload: payload === null ? {} : readablePayload(payload, disclosed),
    disclosures,
    evidenceDigest: row.evidence_digest === null ? null : toHex(row.evidence_digest),
    evidence,
    tier: tierOf(row, row.seq),
  };
}

const WEAKEST_BASIS: Basis = 'inferred';
const KINDS: Readonly<Record<string, ActorKind>> = {
  user: 'user',
  svc: 'service',
  system: 'system',
};

/** Who acted; of an entry without readable payload, what the id alone tells. */
function actorOf(id: string, payload: LedgerPayload | null): EntryRecord['actor'] {
  if (payload !== null) return { id, kind: payload.actor.kind, basis: payload.actor.basis };
  return { id, kind: KINDS[id.slice(0, id.indexOf(':'))] ?? 'unknown', basis: WEAKEST_BASIS };
}

/** The ledger's own canonical bytes. */
function parse<Value>(bytes: Buffer): Value {
  return JSON.parse(bytes.toString('utf8')) as Value;
}
