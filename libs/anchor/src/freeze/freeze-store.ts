import { randomUUID } from 'node:crypto';
import type { Queryable } from '@countersign/database';
import type { Contradiction } from '../outside/store-check.js';

/** Why nobody appends to this installation. */
export interface InstallationFreeze {
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  readonly origin: string;
  readonly outside: string;
  readonly outsideSize: bigint;
  readonly outsideNote: string | null;
  readonly storeSize: bigint;
  readonly at: Date;
}

/** The oldest freeze that no recovery followed; null when the installation may append. */
export async function currentFreeze(db: Queryable): Promise<InstallationFreeze | null> {
  const [freeze] = await openFreezes(db);
  return freeze ?? null;
}

/** Every freeze without a recovery, the oldest first. */
export async function openFreezes(db: Queryable): Promise<InstallationFreeze[]> {
  return db.query<InstallationFreeze>(
    `SELECT id, code, reason, origin, outside, outside_size AS "outsideSize", outside_note AS "outsideNote",
       store_size AS "storeSize", at
     FROM installation_freeze f
     WHERE NOT EXISTS (SELECT FROM installation_recovery r WHERE r.freeze_id = f.id) ORDER BY at, id`,
  );
}

/**
 * Records that the store does not contain what is known outside. Every replica reads it within seconds. Does nothing when
 * the same source said the same before and nobody has recovered since, or when it is about a log of heads that a recovery
 * has ended meanwhile. Dated behind every log of heads, so behind every recovery, whatever clocks say.
 */
export async function freezeInstallation(
  db: Queryable,
  found: Contradiction,
  at: Date,
): Promise<void> {
  const known = await openFreezes(db);
  if (known.some((freeze) => freeze.outside === found.source && freeze.code === found.code)) return;
  await db.query(
    `INSERT INTO installation_freeze
       (id, code, reason, origin, outside, outside_size, outside_note, store_size, at)
     SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::text, $8::bigint,
       greatest($9::timestamptz, (SELECT max(opened_at) FROM heads_log) + interval '1 ms')
     WHERE NOT EXISTS (
       SELECT FROM heads_log g JOIN heads_log s ON s.predecessor = g.log_id WHERE g.origin = $4::text
     )`,
    [
      randomUUID(),
      found.code,
      found.reason,
      found.origin,
      found.source,
      found.outsideSize,
      found.outsideNote,
      found.storeSize,
      at,
    ],
  );
}
