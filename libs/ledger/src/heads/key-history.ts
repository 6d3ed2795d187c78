import { createPublicKey } from 'node:crypto';
import {
  decodeHeadLeaf,
  noteVerifier,
  signRotation,
  type KeyRotated,
  type NoteVerifier,
} from '@countersign/chain';
import type { Queryable } from '@countersign/database';
import type { SigningKeys } from '../checkpoint/signing-keys.js';
import type { HeadsLogRecord } from './heads-records.js';

/** The `key.rotated/1` leaves of a log of heads, the oldest first. They are few: one per rotation. */
export async function keyHistory(
  db: Queryable,
  log: Pick<HeadsLogRecord, 'logId' | 'origin'>,
): Promise<KeyRotated[]> {
  const rows = await db.query<{ leaf: Buffer }>(
    `SELECT leaf FROM heads_leaf WHERE log_id = $1::uuid AND origin = $2::text AND kind = 'key.rotated/1'
     ORDER BY idx`,
    [log.logId, log.origin],
  );
  return rows.flatMap(({ leaf }) => {
    const decoded = decodeHeadLeaf(leaf);
    return decoded.ok && decoded.leaf.kind === 'key.rotated/1' ? [decoded.leaf] : [];
  });
}

/** Whether the history says that the second of these verifier keys follows the first. */
export function isRecorded(
  history: readonly KeyRotated[],
  oldKey: string,
  newKey: string,
): boolean {
  return history.some((leaf) => leaf.oldKey === oldKey && leaf.newKey === newKey);
}

/** A leaf for each key of the file that follows another and of which the log does not say so yet. */
export function missingRotations(
  history: readonly KeyRotated[],
  keys: SigningKeys,
  origin: string,
  now: Date,
): KeyRotated[] {
  const oldestFirst = keys.signers(origin).reverse();
  const leaves: KeyRotated[] = [];
  oldestFirst.forEach((signer, i) => {
    const before = oldestFirst[i - 1];
    if (before === undefined) return;
    if (isRecorded(history, before.verifier.vkey, signer.verifier.vkey)) return;
    leaves.push(signRotation(before, signer.verifier, now.toISOString()));
  });
  return leaves;
}

/** Every key that ever signed under the name of a log: those of now, and those that the history names. */
export function everyVerifier(
  history: readonly KeyRotated[],
  keys: SigningKeys,
  origin: string,
): NoteVerifier[] {
  const known = keys.verifiers(origin);
  for (const { oldKey } of history) {
    const verifier = underName(oldKey, origin);
    if (!known.some(({ vkey }) => vkey === verifier.vkey)) known.push(verifier);
  }
  return known;
}

/** The same public key under the name of another log. The vkey was checked when its leaf was read. */
function underName(vkey: string, origin: string): NoteVerifier {
  const encoded = vkey.split('+').slice(2).join('+');
  const x = Buffer.from(encoded, 'base64').subarray(1).toString('base64url');
  return noteVerifier(
    origin,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
  );
}
