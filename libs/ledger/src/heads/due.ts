import { verifyCheckpoint, type HeadLeaf, type NoteVerifier } from '@countersign/chain';
import type { Queryable } from '@countersign/database';
import { AppError } from '@countersign/kernel';

/** A log that the log of heads has something to say about. */
interface DueRow {
  readonly origin: string;
  readonly opened_at: Date;
  readonly opened: boolean;
  readonly size: bigint | null;
  readonly note: string | null;
}

export interface DueLeaves {
  /** Openings first, then heads: a head never precedes the opening of its log. */
  readonly leaves: readonly HeadLeaf[];
  /** Logs whose newest checkpoint is not what its signature says; no head is taken from them. */
  readonly refused: readonly AppError[];
}

/** Heads and openings of one batch; the rest waits for the next. */
const DUE_MAX = 5_000;

/**
 * What the log of heads does not say yet: logs that were opened, and the newest checkpoint of each log that grew. Size
 * and root come out of the signed note, verified with `keys`, never out of columns.
 */
export async function dueLeaves(
  db: Queryable,
  logId: string,
  keys: (origin: string) => readonly NoteVerifier[],
): Promise<DueLeaves> {
  const rows = await db.query<DueRow>(
    `SELECT origin, opened_at, opened, size, note FROM heads_due($1::uuid)
     ORDER BY waiting_since, origin LIMIT ${DUE_MAX}`,
    [logId],
  );
  const opened: HeadLeaf[] = [];
  const heads: HeadLeaf[] = [];
  const refused: AppError[] = [];
  for (const row of rows) {
    const { origin, note } = row;
    if (!row.opened) {
      opened.push({ kind: 'log.opened/1', openedAt: row.opened_at.toISOString(), origin });
    }
    // After a recovery the newest checkpoint is one of the log before until the successor's first.
    if (note?.startsWith(`${origin}\n`) !== true) continue;
    const verdict = verifyCheckpoint(note, { origin, logKeys: [...keys(origin)] });
    if (verdict.ok && verdict.checkpoint.size === row.size) {
      const { root, size } = verdict.checkpoint;
      heads.push({ kind: 'head/1', origin, root, size });
    } else {
      refused.push(notSigned(origin, row.size, verdict.ok ? 'another size' : verdict.detail));
    }
  }
  return { leaves: [...opened, ...heads], refused };
}

function notSigned(origin: string, size: bigint | null, why: string): AppError {
  return new AppError('STORE_MISMATCH', {
    publicMessage: `The stored checkpoint of ${origin} at size ${size ?? 0n} is not one that we signed: ${why}.`,
    hint: 'Keep the database as it is, and run: countersign verify --live',
  });
}
