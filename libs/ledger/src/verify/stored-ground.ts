import type { SqlTx } from '@countersign/database';
import type { CheckpointRecord } from '../reads/entry-record.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { indexFault } from './index-agreement.js';
import type { LiveFault, VerifyLevel } from './range-task.js';

export interface StoredHead {
  readonly size: bigint;
  readonly root: Buffer;
  readonly head_hash: Buffer;
  readonly frontier: Buffer;
}

/** What a check starts from: all that is read at one snapshot before the entries. */
export interface Ground {
  /** Null where there is no head row. */
  readonly head: StoredHead | null;
  readonly checkpoint: CheckpointRecord | null;
  /** Entries up to the largest sequence. */
  readonly size: number;
  /** What no range can see. Told last: what is wrong with an entry comes first. */
  readonly beside: LiveFault | null;
}

export async function readGround(tx: SqlTx, level: VerifyLevel): Promise<Ground> {
  const [head] = await tx.query<StoredHead>(
    'SELECT size, root, head_hash, frontier FROM ledger_head WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  const [last] = await tx.query<{ seq: bigint | null }>(
    'SELECT max(seq) AS seq FROM ledger_entry WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  const size = (last?.seq ?? -1n) + 1n;
  const beside =
    (await strayTiles(tx, size)) ??
    (level === 'payloads' ? ((await strayRows(tx, size)) ?? (await indexFault(tx))) : null);
  const checkpoint = await new LedgerQueries().checkpoint(tx);
  return { head: head ?? null, checkpoint, size: Number(size), beside };
}

/** Full tiles beyond those that the entries have. */
async function strayTiles(tx: SqlTx, size: bigint): Promise<LiveFault | null> {
  let expected = 0n;
  for (let tiles = size / 256n; tiles > 0n; tiles /= 256n) expected += tiles;
  const [row] = await tx.query<{ count: bigint }>(
    'SELECT count(*) AS count FROM ledger_tile WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  if ((row?.count ?? 0n) <= expected) return null; // a missing one is found by its place
  return { sequence: size, rule: 'TILE_UNEXPECTED', expected: 'no further tile' };
}

/** Rows that no entry stands for: nobody would ever hash them. */
async function strayRows(tx: SqlTx, size: bigint): Promise<LiveFault | null> {
  const unexpected = (sequence: bigint, expected: string): LiveFault => ({
    ...{ sequence, expected },
    rule: 'ROW_UNEXPECTED',
  });
  for (const table of ['entry', 'payload', 'disclosure', 'evidence', 'delivery']) {
    const [row] = await tx.query<{ seq: bigint }>(
      `SELECT seq FROM ledger_${table} WHERE tenant_id = $1::uuid AND (seq < 0 OR seq >= $2::bigint) LIMIT 1`,
      [tx.tenantId, size],
    );
    if (row !== undefined) return unexpected(row.seq, `no row of ledger_${table}`);
  }
  const [count] = await tx.query<{ count: bigint }>(
    'SELECT count(*) AS count FROM ledger_delivery WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  return count?.count === size ? null : unexpected(size, `${size} deliveries`);
}
