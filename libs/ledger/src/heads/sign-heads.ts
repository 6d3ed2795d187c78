import { sameBytes, signCheckpoint, verifyCheckpoint } from '@countersign/chain';
import type { Queryable } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { headsLeaves, readBackRoot, type TreeHead } from '../checkpoint/read-back.js';
import type { SigningKeys } from '../checkpoint/signing-keys.js';
import type { HeadsLogRecord } from './heads-records.js';

/**
 * Signs the head as it is stored, read back leaf by leaf since the last checkpoint, and returns its size; the size of the
 * last checkpoint when there is nothing new, null for an empty log. Throws STORE_MISMATCH when the store contradicts
 * itself or an earlier checkpoint, and SIGNING_KEY when no key of ours signed that one; nothing is signed then.
 */
export async function signHeads(
  db: Queryable,
  log: HeadsLogRecord,
  keys: SigningKeys,
  now: Date,
): Promise<bigint | null> {
  const last = await newest(db, log.logId);
  const [head] = await db.query<TreeHead>(
    'SELECT size, root FROM heads_head WHERE log_id = $1::uuid',
    [log.logId],
  );
  if (head === undefined || head.size === 0n) return last?.size ?? null;
  if (last !== null) {
    if (head.size < last.size) throw rewound(head.size, last.size);
    if (head.size === last.size) return last.size;
    mustBeOurs(last.note, log.origin, keys);
  }
  const root = await readBackRoot(headsLeaves(db, log.logId), last, head);
  const note = signCheckpoint(
    { origin: log.origin, size: head.size, root },
    keys.signers(log.origin),
  );
  await db.query(
    `INSERT INTO heads_checkpoint (log_id, size, root, note, signed_at)
     VALUES ($1::uuid, $2::bigint, $3::bytea, $4::text, $5::timestamptz) ON CONFLICT DO NOTHING`,
    [log.logId, head.size, Buffer.from(root), note, now],
  );
  // Whatever is stored now is what the world sees, whoever signed it.
  const stored = await newest(db, log.logId);
  if (stored?.size === head.size && !sameBytes(stored.root, root)) {
    throw rewound(head.size, stored.size);
  }
  return head.size;
}

interface SignedHead extends TreeHead {
  readonly note: string;
}

async function newest(db: Queryable, logId: string): Promise<SignedHead | null> {
  const [row] = await db.query<SignedHead>(
    `SELECT size, root, note FROM heads_checkpoint WHERE log_id = $1::uuid ORDER BY size DESC LIMIT 1`,
    [logId],
  );
  return row ?? null;
}

/** With a key that the last checkpoint does not know, everybody who pinned one would refuse what follows. */
function mustBeOurs(note: string, origin: string, keys: SigningKeys): void {
  const verdict = verifyCheckpoint(note, { origin, logKeys: keys.verifiers(origin) });
  if (verdict.ok) return;
  throw new AppError('SIGNING_KEY', {
    publicMessage: `No key of SIGNING_KEY_FILE signed the last checkpoint of the log of heads: ${verdict.detail}.`,
    hint: 'Put the key that did back as the last line of the file, or run: countersign key rotate',
  });
}

function rewound(size: bigint, signed: bigint): AppError {
  return new AppError('STORE_MISMATCH', {
    publicMessage: `The stored log of heads (size ${size}) contradicts its checkpoint of size ${signed}. Nothing was signed.`,
    hint: 'The database was rolled back or changed. Keep it as it is, and run: countersign verify --live',
  });
}
