import type { Batch } from './batch.js';
import {
  byteaArray,
  hashArray,
  int2Array,
  int8Array,
  textArray,
  timestamptzArray,
  uuidArray,
} from './binary-arrays.js';
import type { PreparedDisclosure, PreparedEvidence } from './prepare.js';

/**
 * A whole batch in one statement: compares and swaps the head, and inserts only if that succeeded. One tenant, its id
 * a parameter in each branch. An INSERT … SELECT outside of such a statement would be planned as COPY by a
 * distributed PostgreSQL, which row-level security refuses.
 */
export const APPEND_SQL = `WITH h AS (
  UPDATE ledger_head SET size = $3::bigint, head_hash = $4::bytea, frontier = $5::bytea, root = $6::bytea,
    last_recorded_at = $7::timestamptz
  WHERE tenant_id = $1::uuid AND size = $2::bigint AND frozen_reason IS NULL
  RETURNING 1
), e AS (
  INSERT INTO ledger_entry (tenant_id, seq, id, recorded_at, occurred_at, type, source, subject, actor, delivery,
    canonical, leaf_hash, payload_digest, evidence_digest)
  SELECT $1::uuid, $2::bigint + n - 1, id, $7::timestamptz, occurred_at, type, source, subject, actor, delivery,
    canonical, leaf_hash, payload_digest, evidence_digest
  FROM unnest($8::uuid[], $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::bytea[], $16::bytea[], $17::bytea[], $18::bytea[]) WITH ORDINALITY
    AS u(id, occurred_at, type, source, subject, actor, delivery, canonical, leaf_hash, payload_digest,
      evidence_digest, n)
  WHERE EXISTS (SELECT 1 FROM h)
), p AS (
  INSERT INTO ledger_payload (tenant_id, seq, bytes)
  SELECT $1::uuid, $2::bigint + n - 1, bytes FROM unnest($19::bytea[]) WITH ORDINALITY AS u(bytes, n)
  WHERE EXISTS (SELECT 1 FROM h)
), d AS (
  INSERT INTO ledger_delivery (tenant_id, source, delivery, seq, content_hash)
  SELECT $1::uuid, source, delivery, $2::bigint + n - 1, content_hash
  FROM unnest($11::text[], $14::text[], $20::bytea[]) WITH ORDINALITY AS u(source, delivery, content_hash, n)
  WHERE EXISTS (SELECT 1 FROM h)
), s AS (
  INSERT INTO ledger_disclosure (tenant_id, seq, path, salt, value, data_subject)
  SELECT $1::uuid, seq, path, salt, value, data_subject
  FROM unnest($21::bigint[], $22::text[], $23::bytea[], $24::bytea[], $25::text[])
    AS u(seq, path, salt, value, data_subject)
  WHERE EXISTS (SELECT 1 FROM h)
), v AS (
  INSERT INTO ledger_evidence (tenant_id, seq, salt, media_type, bytes)
  SELECT $1::uuid, seq, salt, media_type, bytes
  FROM unnest($26::bigint[], $27::bytea[], $28::text[], $29::bytea[]) AS u(seq, salt, media_type, bytes)
  WHERE EXISTS (SELECT 1 FROM h)
), t AS (
  INSERT INTO ledger_tile (tenant_id, level, idx, root, hashes)
  SELECT $1::uuid, level, idx, root, hashes
  FROM unnest($30::smallint[], $31::bigint[], $32::bytea[], $33::bytea[]) AS u(level, idx, root, hashes)
  WHERE EXISTS (SELECT 1 FROM h)
)
SELECT count(*)::int AS swapped FROM h`;

/** The statement's parameters, arrays in binary form. */
export function appendParameters(batch: Batch): (string | Buffer)[] {
  const { after, entries, tiles } = batch;
  const drafts = entries.map((entry) => entry.prepared.draft);
  return [
    batch.tenantId,
    batch.before.toString(),
    after.size.toString(),
    Buffer.from(after.hashHex, 'hex'),
    after.frontier.serialize(),
    Buffer.from(batch.root),
    batch.recordedAt.toISOString(),
    uuidArray(entries.map((entry) => entry.prepared.id)),
    timestamptzArray(drafts.map((draft) => draft.occurredAt)),
    textArray(drafts.map((draft) => draft.type)),
    textArray(drafts.map((draft) => draft.source)),
    textArray(drafts.map((draft) => draft.subject)),
    textArray(drafts.map((draft) => draft.actor.id)),
    textArray(drafts.map((draft) => draft.delivery)),
    byteaArray(entries.map((entry) => entry.canonical)),
    byteaArray(entries.map((entry) => entry.leafHash)),
    hashArray(entries.map((entry) => entry.prepared.payloadDigestHex)),
    hashArray(entries.map((entry) => entry.prepared.evidence?.digestHex ?? null)),
    byteaArray(entries.map((entry) => entry.prepared.sealedPayload)),
    hashArray(entries.map((entry) => entry.prepared.content.hashHex)),
    ...disclosureParameters(batch),
    ...evidenceParameters(batch),
    int2Array(tiles.map((tile) => tile.level)),
    int8Array(tiles.map((tile) => tile.index)),
    byteaArray(tiles.map((tile) => tile.root)),
    byteaArray(tiles.map((tile) => tile.hashes)),
  ];
}

function disclosureParameters(batch: Batch): Buffer[] {
  const sequences: bigint[] = [];
  const rows: PreparedDisclosure[] = [];
  for (const { prepared, sequence } of batch.entries) {
    for (const disclosure of prepared.disclosures) {
      sequences.push(sequence);
      rows.push(disclosure);
    }
  }
  return [
    int8Array(sequences),
    textArray(rows.map((row) => row.path)),
    byteaArray(rows.map((row) => row.salt)),
    byteaArray(rows.map((row) => row.sealed)),
    textArray(rows.map((row) => row.dataSubject)),
  ];
}

function evidenceParameters(batch: Batch): Buffer[] {
  const sequences: bigint[] = [];
  const rows: PreparedEvidence[] = [];
  for (const { prepared, sequence } of batch.entries) {
    if (prepared.evidence === null) continue;
    sequences.push(sequence);
    rows.push(prepared.evidence);
  }
  return [
    int8Array(sequences),
    byteaArray(rows.map((row) => row.salt)),
    textArray(rows.map((row) => row.mediaType)),
    byteaArray(rows.map((row) => row.sealed)),
  ];
}
