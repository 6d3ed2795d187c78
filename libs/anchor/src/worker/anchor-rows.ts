import type { Queryable } from '@countersign/database';
import type { AnchorKind } from '@countersign/ledger';

/** Somebody outside who anchors, as `heads_anchor` names them. */
export interface AnchorName {
  readonly kind: AnchorKind;
  readonly who: string;
}

export interface NewAnchor extends AnchorName {
  readonly logId: string;
  readonly size: bigint;
  readonly evidence: Uint8Array;
  readonly at: Date;
}

/** The first of two that say the same stays. */
export async function insertAnchor(db: Queryable, anchor: NewAnchor): Promise<void> {
  const { at, evidence, kind, logId, size, who } = anchor;
  await db.query(
    `INSERT INTO heads_anchor (log_id, size, kind, who, evidence, at)
     VALUES ($1::uuid, $2::bigint, $3::text, $4::text, $5::bytea, $6::timestamptz) ON CONFLICT DO NOTHING`,
    [logId, size, kind, who, Buffer.from(evidence), at],
  );
}

/** The newest checkpoint that this one anchored; null when there is none. */
export async function newestAnchor(
  db: Queryable,
  logId: string,
  { kind, who }: AnchorName,
): Promise<{ readonly size: bigint; readonly at: Date } | null> {
  const [row] = await db.query<{ size: bigint; at: Date }>(
    `SELECT size, at FROM heads_anchor
     WHERE log_id = $1::uuid AND kind = $2::text AND who = $3::text ORDER BY size DESC LIMIT 1`,
    [logId, kind, who],
  );
  return row ?? null;
}

/** Names of those who anchored exactly this checkpoint. */
export async function anchoredBy(
  db: Queryable,
  logId: string,
  size: bigint,
  kind: AnchorKind,
): Promise<Set<string>> {
  const rows = await db.query<{ who: string }>(
    'SELECT who FROM heads_anchor WHERE log_id = $1::uuid AND size = $2::bigint AND kind = $3::text',
    [logId, size, kind],
  );
  return new Set(rows.map(({ who }) => who));
}

/** The note as the log signed it, without cosignatures: what a time stamp covers never changes. */
export async function signedNote(
  db: Queryable,
  logId: string,
  size: bigint,
): Promise<string | null> {
  const [row] = await db.query<{ note: string }>(
    'SELECT note FROM heads_checkpoint WHERE log_id = $1::uuid AND size = $2::bigint',
    [logId, size],
  );
  return row?.note ?? null;
}
