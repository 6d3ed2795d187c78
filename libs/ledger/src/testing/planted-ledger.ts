import { encodeLeaf, Frontier, NO_PREVIOUS, TileBuilder } from '@countersign/chain';
import type { TenantId } from '@countersign/kernel';
import type { TestDatabase } from '../../../../test/support/database.js';

export interface Planted {
  /** ISO moment at which an entry was recorded. */
  readonly recordedAt?: (sequence: number) => string;
}

const EARLY = '2026-11-21T06:00:00.000Z';

/**
 * Writes entries, tiles and head of a whole ledger past the append, for ledgers that are too long for it. There are no
 * payloads. The triggers of the tables must be off.
 */
export async function plantLedger(
  test: TestDatabase,
  tenantId: TenantId,
  count: number,
  { recordedAt = () => EARLY }: Planted = {},
): Promise<void> {
  const tiles = TileBuilder.empty();
  const frontier = Frontier.empty();
  const leaves: { canonical: Buffer; hash: Buffer; time: string }[] = [];
  let prev = NO_PREVIOUS;
  for (let seq = 0; seq < count; seq++) {
    const time = recordedAt(seq);
    const { canonical, leafHash, leafHashHex } = encodeLeaf({
      ...{ actor: 'user:1', delivery: `d-${seq}`, source: 'plant', subject: 'model/m', type: 't' },
      id: `00000000-0000-7000-8000-${seq.toString(16).padStart(12, '0')}`,
      payload: `sha256:${NO_PREVIOUS}`,
      ...{ occurredAt: EARLY, prev, recordedAt: time, seq, tenant: tenantId },
    });
    leaves.push({ canonical, hash: leafHash, time });
    prev = leafHashHex;
    frontier.appendOne(leafHash);
  }
  await test.asOwner(
    `INSERT INTO ledger_entry (tenant_id, seq, id, recorded_at, occurred_at, type, source, subject, actor, delivery,
       canonical, leaf_hash, payload_digest)
     SELECT $1, n - 1, ('00000000-0000-7000-8000-' || lpad(to_hex(n - 1), 12, '0'))::uuid, time, $5, 't', 'plant',
       'model/m', 'user:1', 'd-' || n - 1, canonical, hash, decode(repeat('00', 32), 'hex')
     FROM unnest($2::bytea[], $3::bytea[], $4::timestamptz[]) WITH ORDINALITY AS u(canonical, hash, time, n)`,
    [
      tenantId,
      leaves.map(({ canonical }) => canonical),
      leaves.map(({ hash }) => hash),
      leaves.map(({ time }) => time),
      EARLY,
    ],
  );
  const full = tiles.append(leaves.map(({ hash }) => hash));
  await test.asOwner(
    `INSERT INTO ledger_tile (tenant_id, level, idx, root, hashes)
     SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::bytea[], $5::bytea[])`,
    [
      tenantId,
      full.map(({ level }) => level),
      full.map(({ index }) => index),
      full.map(({ root }) => root),
      full.map(({ hashes }) => hashes),
    ],
  );
  await test.asOwner(
    'UPDATE ledger_head SET size = $2, head_hash = $3, frontier = $4, root = $5 WHERE tenant_id = $1',
    [tenantId, count, Buffer.from(prev, 'hex'), frontier.serialize(), Buffer.from(frontier.root())],
  );
}
