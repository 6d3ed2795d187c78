import type { SqlTx } from '@countersign/database';
import { slotId } from '../domain/ids.js';
import type { WantedSlot } from './scope.js';

/** A stretch of one slot's history, by the moment that spans end: at `from` or later, at the latest at `to`. */
export interface Window {
  readonly slotId: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The stretches of history that what is wanted needs, apart from one another. Around a moment: up to the second
 * span that an event opened after it. Whatever is said at the moment, the timeline is the same again by then, see
 * Slot.
 */
export async function windowsOf(tx: SqlTx, wanted: readonly WantedSlot[]): Promise<Window[]> {
  const moments = wanted.flatMap(({ owner, since, moments: all }) => {
    const id = slotId(owner.versionId ?? owner.modelId, owner.kind, owner.key);
    return [...all].filter((from) => from < since).map((from) => ({ slotId: id, from }));
  });
  const ends = await endsOf(tx, moments);
  const open = wanted
    .filter(({ since }) => since < Infinity)
    .map(({ owner, since }) => ({
      slotId: slotId(owner.versionId ?? owner.modelId, owner.kind, owner.key),
      from: since,
      to: Infinity,
    }));
  return apart([...open, ...moments.map((at, index) => ({ ...at, to: ends[index] ?? Infinity }))]);
}

/** For each moment when the second span that an event opened after it ended; null when there is no such end. */
async function endsOf(
  tx: SqlTx,
  moments: readonly Pick<Window, 'slotId' | 'from'>[],
): Promise<(number | null)[]> {
  if (moments.length === 0) return [];
  const rows = await tx.query<{ to_latest: Date | null }>(
    // Walks the index of spans from the moment on, a few rows, whatever the statistics say: known_to in ORDER BY is
    // part of that index, and a scalar subquery cannot be turned into a join over all statements behind.
    `SELECT (SELECT s.to_latest FROM registry_span s
              WHERE s.tenant_id = $1::uuid AND s.slot_id = w.slot_id AND s.known_to IS NULL
                AND s.to_latest > w.at
                AND (SELECT o.order_time > w.at AND NOT o.observed FROM registry_statement o
                      WHERE o.tenant_id = $1::uuid AND o.slot_id = s.slot_id
                        AND o.sequence = s.opened_sequence)
              ORDER BY s.known_to, s.to_latest OFFSET 1 LIMIT 1) AS to_latest
       FROM unnest($2::uuid[], $3::timestamptz[]) WITH ORDINALITY AS w(slot_id, at, place)
      ORDER BY w.place`,
    [tx.tenantId, moments.map((one) => one.slotId), moments.map((one) => momentText(one.from))],
  );
  return rows.map((row) => row.to_latest?.getTime() ?? null);
}

/** Joins the windows of a slot that touch, so that no row is in two of them. */
function apart(windows: readonly Window[]): Window[] {
  const joined: Window[] = [];
  const sorted = [...windows].sort(
    (a, b) => compare(a.slotId, b.slotId) || compare(a.from, b.from),
  );
  for (const window of sorted) {
    const last = joined.at(-1);
    if (last?.slotId !== window.slotId || last.to < window.from) joined.push(window);
    else joined[joined.length - 1] = { ...last, to: Math.max(last.to, window.to) };
  }
  return joined;
}

function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A moment as PostgreSQL reads it; either infinity too. */
export function momentText(ms: number): string {
  if (Number.isFinite(ms)) return new Date(ms).toISOString();
  return ms < 0 ? '-infinity' : 'infinity';
}
