import type { NoteVerifier } from '@countersign/chain';
import type { Database } from '@countersign/database';
import type { SigningKeys } from '../checkpoint/signing-keys.js';
import { HeadsQueries } from '../heads/heads-queries.js';
import { everyVerifier, keyHistory } from '../heads/key-history.js';

/** Every key that ever signed, under the name of any log: what a checkpoint of the store may be signed with. */
export async function knownLogKeys(
  database: Database,
  keys: SigningKeys,
): Promise<(origin: string) => NoteVerifier[]> {
  const history = await database.global(async (db) => {
    const log = await new HeadsQueries().current(db);
    return log === null ? [] : keyHistory(db, log);
  });
  return (origin) => everyVerifier(history, keys, origin);
}
