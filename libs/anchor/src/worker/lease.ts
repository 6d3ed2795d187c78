import type { Queryable } from '@countersign/database';

/** True when `holder` may do this work until `until`: nobody else holds it now. Only saves work. */
export async function takeLease(
  db: Queryable,
  name: string,
  holder: string,
  now: Date,
  until: Date,
): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO anchor_lease AS l (name, holder, until) VALUES ($1::text, $2::uuid, $3::timestamptz)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
     WHERE l.holder = excluded.holder OR l.until < $4::timestamptz
     RETURNING name`,
    [name, holder, until, now],
  );
  return rows.length === 1;
}

/** Lets others have it at once. */
export async function releaseLease(
  db: Queryable,
  name: string,
  holder: string,
  now: Date,
): Promise<void> {
  await db.query(
    `UPDATE anchor_lease SET until = $3::timestamptz - interval '1 millisecond'
     WHERE name = $1::text AND holder = $2::uuid`,
    [name, holder, now],
  );
}
