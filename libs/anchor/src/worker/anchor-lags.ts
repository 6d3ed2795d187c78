import type { Queryable } from '@countersign/database';
import { HeadsQueries } from '@countersign/ledger';
import { newestAnchor, type AnchorName } from './anchor-rows.js';

export interface AnchorLag extends AnchorName {
  /** Seconds since the oldest checkpoint that it has not anchored was signed; 0 when there is none. */
  readonly seconds: number;
}

/** Seconds of lag that are a finding: a minute for witnesses; for the others some of their own intervals. */
export const LAG_SECONDS_MAX = { witness: 60, timestamp: 900, copy: 300 } as const;

/** How far each of them is behind. */
export async function anchorLags(
  db: Queryable,
  names: readonly AnchorName[],
  now: Date,
): Promise<AnchorLag[]> {
  const log = await new HeadsQueries().current(db);
  const lags: AnchorLag[] = [];
  for (const { kind, who } of names) {
    const last = log === null ? null : await newestAnchor(db, log.logId, { kind, who });
    const [waiting] = await db.query<{ signed_at: Date }>(
      'SELECT signed_at FROM heads_checkpoint WHERE log_id = $1::uuid AND size > $2::bigint ORDER BY size LIMIT 1',
      [log?.logId ?? null, last?.size ?? 0n],
    );
    const ms = waiting === undefined ? 0 : now.getTime() - waiting.signed_at.getTime();
    lags.push({ kind, who, seconds: Math.max(0, ms / 1000) });
  }
  return lags;
}
