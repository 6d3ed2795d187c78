import { ChainError } from '../errors.js';
import { canonicalize } from '../json/canonical.js';
import { parseVerifierKey, type NoteSigner, type NoteVerifier } from '../note/keys.js';
import type { KeyRotated } from './head-leaf.js';
import { toMembers } from './leaf-fields.js';

/** A `key.rotated/1` leaf, signed by the old key. Throws ChainError HEAD_LEAF_INVALID when the names differ. */
export function signRotation(
  oldSigner: NoteSigner,
  newKey: NoteVerifier,
  rotatedAt: string,
): KeyRotated {
  const origin = oldSigner.name;
  if (newKey.name !== origin) {
    throw new ChainError('HEAD_LEAF_INVALID', 'both keys bear the name of the log');
  }
  const oldKey = oldSigner.verifier.vkey;
  const statement = {
    kind: 'key.rotated/1',
    newKey: newKey.vkey,
    oldKey,
    origin,
    rotatedAt,
  } as const;
  return { ...statement, signature: oldSigner.sign(signedBytes(statement)) };
}

/**
 * The new key, when the old one really named it: both vkeys are sound and bear the log's name, and the signature holds.
 * Null otherwise. Whether the old key is trusted is for the caller to know.
 */
export function verifyRotation(leaf: KeyRotated): NoteVerifier | null {
  const { signature, ...statement } = leaf;
  const oldKey = readKey(leaf.oldKey);
  const newKey = readKey(leaf.newKey);
  if (oldKey?.name !== leaf.origin || newKey?.name !== leaf.origin) return null;
  return oldKey.verify(signedBytes(statement), signature) ? newKey : null;
}

/** Canonical JSON starts with a brace and has no line feed, so it can never be the text of a note. */
function signedBytes(statement: Omit<KeyRotated, 'signature'>): Buffer {
  const { signature: _empty, ...members } = toMembers({ ...statement, signature: Buffer.alloc(0) });
  return canonicalize(members);
}

function readKey(vkey: string): NoteVerifier | null {
  try {
    return parseVerifierKey(vkey);
  } catch (error) {
    if (error instanceof ChainError) return null;
    throw error;
  }
}
