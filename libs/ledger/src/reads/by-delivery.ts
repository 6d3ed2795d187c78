import type { SqlTx } from '@countersign/database';
import type { EntryRecord } from './entry-record.js';
import type { LedgerQueries } from './ledger-queries.js';

/**
 * Entries of one source by their delivery; those that are not there are left out. For rooms that keep personal text in
 * the ledger alone, and find it by the delivery of the entry that said it: once erased there it is gone everywhere.
 */
export async function entriesByDelivery(
  tx: SqlTx,
  queries: LedgerQueries,
  source: string,
  deliveries: readonly string[],
): Promise<Map<string, EntryRecord>> {
  if (deliveries.length === 0) return new Map();
  const rows = await tx.query<{ seq: bigint }>(
    `SELECT seq FROM ledger_delivery
     WHERE tenant_id = $1::uuid AND source = $2::text AND delivery = ANY ($3::text[])`,
    [tx.tenantId, source, [...new Set(deliveries)]],
  );
  const entries = await queries.entriesBySequence(
    tx,
    rows.map(({ seq }) => seq),
  );
  return new Map(entries.map((entry) => [entry.delivery, entry]));
}

/** A text in an entry's `data`; null when it was never given, or was erased. */
export function dataText(entry: EntryRecord | undefined, field: string): string | null {
  const data = entry?.payload['data'];
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return null;
  const value = (data as Readonly<Record<string, unknown>>)[field];
  return typeof value === 'string' ? value : null;
}
