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
    `SELECT d.source, d.delivery, d.seq, d.content_hash, e.id, e.leaf_hash
     FROM unnest($2::text[], $3::text[]) AS u(source, delivery)
     JOIN ledger_delivery d
       ON d.tenant_id = $1::uuid AND d.source = u.source AND d.delivery = u.delivery
     JOIN ledger_entry e ON e.tenant_id = $1::uuid AND e.seq = d.seq`,
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
