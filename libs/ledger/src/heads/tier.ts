import type { Tier } from '../reads/entry-record.js';

/** How many entries of a tenant's log have reached each tier: those before that sequence. */
export interface TierMarks {
  readonly published: bigint;
  readonly witnessed: bigint;
  readonly timestamped: bigint;
}

/**
 * Size of the newest head of tenant $1 that lies in a checkpoint of a log of heads; `newest` is the size of that
 * checkpoint, for log g. A log that was succeeded tells nothing about its successor. Every step is one probe of an index, however long nothing was witnessed.
 */
const headWithin = (newest: string): string => `coalesce((
    SELECT max(n.tree_size)
    FROM (
      SELECT k.origin FROM ledger_log k WHERE k.tenant_id = $1::uuid ORDER BY k.opened_at DESC LIMIT 1
    ) l
    CROSS JOIN heads_log g
    CROSS JOIN LATERAL (${newest}) w
    CROSS JOIN LATERAL (
      SELECT h.tree_size FROM heads_leaf h
      WHERE h.log_id = g.log_id AND h.origin = l.origin AND h.kind = 'head/1' AND h.idx < w.size
      ORDER BY h.idx DESC LIMIT 1
    ) n
  ), 0)`;

/** Columns of TierMarks, for the select list of a statement whose $1 is the tenant; the same for every row. */
export const TIER_COLUMNS = `
  coalesce((SELECT max(c.size) FROM ledger_checkpoint c WHERE c.tenant_id = $1::uuid), 0) AS published,
  ${headWithin(`SELECT p.size FROM heads_publication p
      WHERE p.log_id = g.log_id AND p.quorum ORDER BY p.size DESC LIMIT 1`)} AS witnessed,
  ${headWithin(`SELECT a.size FROM heads_anchor a
      JOIN heads_publication p ON p.log_id = g.log_id AND p.size = a.size
      WHERE a.log_id = g.log_id AND a.kind = 'timestamp' ORDER BY a.size DESC LIMIT 1`)} AS timestamped`;

/** The tier of the entry with this sequence. */
export function tierOf(marks: TierMarks, sequence: bigint): Tier {
  if (sequence < marks.timestamped) return 'timestamped';
  if (sequence < marks.witnessed) return 'witnessed';
  return sequence < marks.published ? 'published' : 'sequenced';
}
