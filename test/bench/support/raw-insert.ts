import { createHash, randomUUID } from 'node:crypto';
import { setTenant, type Database } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import type { TenantId } from '@countersign/kernel';
import type { TenantSeal } from '@countersign/vault';
import {
  byteaArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from '../../../libs/ledger/src/append/binary-arrays.js';
import type { TestDatabase } from '../../support/database.js';

/** Tables that an append of these drafts fills. */
const TABLES = ['ledger_entry', 'ledger_payload', 'ledger_evidence', 'ledger_delivery'];

/**
 * Copies of the ledger's tables with the same columns, keys, checks and indexes, but without head, tiles, triggers and
 * row-level security: what the same rows cost when nothing is proven.
 */
export async function createRawTables(test: TestDatabase): Promise<void> {
  for (const table of TABLES) {
    const copy = table.replace('ledger_', 'raw_');
    await test.asOwner(`CREATE TABLE ${copy} (LIKE ${table} INCLUDING ALL)`);
    await test.asOwner(`GRANT SELECT, INSERT, UPDATE ON ${copy} TO countersign_runtime`);
  }
  await test.asOwner('CREATE TABLE raw_head (tenant_id uuid PRIMARY KEY, size bigint NOT NULL)');
  await test.asOwner('GRANT SELECT, INSERT, UPDATE ON raw_head TO countersign_runtime');
}

const INSERT = `WITH e AS (
  INSERT INTO raw_entry (tenant_id, seq, id, recorded_at, occurred_at, type, source, subject, actor, delivery,
    canonical, leaf_hash, payload_digest, evidence_digest)
  SELECT $1::uuid, $2::bigint + n - 1, id, now(), occurred_at, type, source, subject, actor, delivery, canonical,
    hash, hash, hash
  FROM unnest($3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[],
    $11::bytea[]) WITH ORDINALITY
    AS u(id, occurred_at, type, source, subject, actor, delivery, canonical, hash, n)
), p AS (
  INSERT INTO raw_payload (tenant_id, seq, bytes)
  SELECT $1::uuid, $2::bigint + n - 1, bytes FROM unnest($12::bytea[]) WITH ORDINALITY AS u(bytes, n)
), v AS (
  INSERT INTO raw_evidence (tenant_id, seq, salt, media_type, bytes)
  SELECT $1::uuid, $2::bigint + n - 1, substr(hash, 1, 16), 'application/json', bytes
  FROM unnest($11::bytea[], $13::bytea[]) WITH ORDINALITY AS u(hash, bytes, n)
)
INSERT INTO raw_delivery (tenant_id, source, delivery, seq, content_hash)
SELECT $1::uuid, source, delivery, $2::bigint + n - 1, hash
FROM unnest($6::text[], $9::text[], $11::bytea[]) WITH ORDINALITY AS u(source, delivery, hash, n)`;

/** A draft with its payload and evidence sealed before the clock runs: raw rows hold the same sealed bytes. */
export interface SealedDraft {
  readonly draft: EntryDraft;
  readonly payload: Buffer;
  readonly evidence: Buffer | null;
}

export function sealDrafts(seal: TenantSeal, drafts: readonly EntryDraft[]): SealedDraft[] {
  return drafts.map((draft) => {
    const { actor, basis, data, evidence } = draft;
    const payload = Buffer.from(JSON.stringify({ data, actor, basis, nonce: SPACE }));
    return {
      draft,
      payload: seal.seal(payload, 'payload'),
      evidence: evidence === undefined ? null : seal.seal(evidence.bytes, 'evidence'),
    };
  });
}

/** What an event looks like to a plain table: its JSON, as JSON.stringify makes it. */
function parameters(sealed: readonly SealedDraft[]): Buffer[] {
  const drafts = sealed.map(({ draft }) => draft);
  const canonical = drafts.map((draft) =>
    Buffer.from(
      JSON.stringify({ ...draft, data: undefined, evidence: SPACE, payload: SPACE, prev: SPACE }),
    ),
  );
  return [
    uuidArray(drafts.map(() => randomUUID())),
    timestamptzArray(drafts.map((draft) => draft.occurredAt)),
    textArray(drafts.map((draft) => draft.type)),
    textArray(drafts.map((draft) => draft.source)),
    textArray(drafts.map((draft) => draft.subject)),
    textArray(drafts.map((draft) => draft.actor.id)),
    textArray(drafts.map((draft) => draft.delivery)),
    byteaArray(canonical),
    byteaArray(drafts.map(() => SOME_HASH)),
    byteaArray(sealed.map(({ payload }) => payload)),
    byteaArray(sealed.map(({ evidence }) => evidence)),
  ];
}

const SPACE = '0'.repeat(64);
const SOME_HASH = createHash('sha256').update('row').digest();

/** Inserts the same rows with as many statements, one after the other, on one connection. */
export async function insertRaw(
  database: Database,
  tenantId: TenantId,
  first: bigint,
  batches: readonly (readonly SealedDraft[])[],
): Promise<void> {
  const client = await database.connect();
  let sequence = first;
  try {
    for (const batch of batches) {
      await client.query({
        name: 'raw_insert',
        text: INSERT,
        values: [tenantId, sequence.toString(), ...parameters(batch)],
      });
      sequence += BigInt(batch.length);
    }
  } finally {
    client.release();
  }
}

/** The usual way to number rows without a gap: lock a counter, insert, move the counter, for each event. */
export async function insertUnderLock(
  database: Database,
  tenantId: TenantId,
  draft: SealedDraft,
): Promise<void> {
  const client = await database.connect();
  try {
    await client.query(`BEGIN; ${setTenant(tenantId)}`);
    const { rows } = await client.query<{ size: bigint }>({
      name: 'raw_lock',
      text: 'SELECT size FROM raw_head WHERE tenant_id = $1 FOR UPDATE',
      values: [tenantId],
    });
    const size = rows[0]?.size ?? 0n;
    await client.query({
      name: 'raw_insert',
      text: INSERT,
      values: [tenantId, size.toString(), ...parameters([draft])],
    });
    await client.query({
      name: 'raw_move',
      text: 'UPDATE raw_head SET size = size + 1 WHERE tenant_id = $1',
      values: [tenantId],
    });
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}
