import type { Queryable } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { textArray } from './binary-arrays.js';

/** A delivery that the ledger holds already. */
export interface KnownDelivery {
  readonly sequence: bigint;
  readonly entryId: string;
  readonly leafHash: Uint8Array;
  readonly contentHashHex: string;
}

export interface DeliveryKey {
  readonly source: string;
  readonly delivery: string;
}

/** One text per key; the separator cannot occur in either part. */
export function keyOf(key: DeliveryKey): string {
  return `${key.source}\0${key.delivery}`;
}

interface KnownRow extends DeliveryKey {
  readonly seq: bigint;
  readonly id: string;
  readonly leaf_hash: Buffer;
  readonly content_hash: Buffer;
}

/** Which of these deliveries exist, by `keyOf`. */
export async function lookUpDeliveries(
  db: Queryable,
  tenantId: TenantId,
  keys: readonly DeliveryKey[],
): Promise<Map<string, KnownDelivery>> {
  const rows = await db.query<KnownRow>(
    // One probe of an index per key: LIMIT keeps the planner from reading the tables whole where it knows no better.
    `SELECT u.source, u.delivery, d.seq, d.content_hash, e.id, e.leaf_hash
     FROM unnest($2::text[], $3::text[]) AS u(source, delivery)
     CROSS JOIN LATERAL (
       SELECT seq, content_hash FROM ledger_delivery
       WHERE tenant_id = $1::uuid AND source = u.source AND delivery = u.delivery LIMIT 1
     ) AS d
     CROSS JOIN LATERAL (
       SELECT id, leaf_hash FROM ledger_entry WHERE tenant_id = $1::uuid AND seq = d.seq LIMIT 1
     ) AS e`,
    [
      tenantId,
      textArray(keys.map((key) => key.source)),
      textArray(keys.map((key) => key.delivery)),
    ],
  );
  return new Map(
    rows.map((row) => [
      keyOf(row),
      {
        sequence: row.seq,
        entryId: row.id,
        leafHash: row.leaf_hash,
        contentHashHex: row.content_hash.toString('hex'),
      },
    ]),
  );
}
