import { matchesBundleFilter, type BundleFilter, type EntryHeader } from '@countersign/chain';
import type { CopyRow, SnapshotTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';

/** One stored entry: what a bundle shows of all, and what its payload line needs. */
export interface PageEntry {
  readonly sequence: bigint;
  readonly id: string;
  readonly canonical: Buffer;
  readonly leafHash: Buffer;
}

/** Entries from .. to - 1, every one. Throws ENTRY_MISSING when the store lacks one. */
export async function pageEntries(tx: SnapshotTx, from: bigint, to: bigint): Promise<PageEntry[]> {
  const entries: PageEntry[] = [];
  await tx.copyRows(
    `SELECT seq, id, canonical, leaf_hash FROM ledger_entry
     WHERE tenant_id = '${tx.tenantId}' AND seq >= ${from} AND seq < ${to} ORDER BY seq`,
    (row) => {
      const sequence = field(row, 0).readBigInt64BE();
      if (sequence !== from + BigInt(entries.length)) throw missing(from + BigInt(entries.length));
      entries.push({
        sequence,
        id: uuidText(field(row, 1)),
        canonical: Buffer.from(field(row, 2)),
        leafHash: Buffer.from(field(row, 3)),
      });
    },
  );
  if (BigInt(entries.length) !== to - from) throw missing(from + BigInt(entries.length));
  return entries;
}

/** Full tiles of level 0 from .. to - 1, by index. */
export async function pageTiles(
  tx: SnapshotTx,
  from: bigint,
  to: bigint,
): Promise<Map<number, Buffer>> {
  const tiles = new Map<number, Buffer>();
  await tx.copyRows(
    `SELECT idx, hashes FROM ledger_tile
     WHERE tenant_id = '${tx.tenantId}' AND level = 0 AND idx >= ${from} AND idx < ${to} ORDER BY idx`,
    (row) => tiles.set(Number(field(row, 0).readBigInt64BE()), Buffer.from(field(row, 1))),
  );
  return tiles;
}

/** True when the entry's payload belongs into the bundle. Reads the header that the receiver will read. */
export function isDisclosed(filter: BundleFilter | null, entry: PageEntry): boolean {
  if (filter === null) return true;
  return matchesBundleFilter(filter, JSON.parse(entry.canonical.toString('utf8')) as EntryHeader);
}

/** A field that is never NULL. */
export function field(row: CopyRow, index: number): Buffer {
  const bytes = row[index];
  if (bytes === null || bytes === undefined) {
    throw new AppError('INTERNAL', { publicMessage: 'The database sent NULL for a value.' });
  }
  return bytes;
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

function missing(sequence: bigint): AppError {
  return new AppError('ENTRY_MISSING', {
    publicMessage: `The store lacks entry ${sequence}.`,
    hint: 'Run `countersign verify --live`: the ledger was changed behind the service.',
  });
}
