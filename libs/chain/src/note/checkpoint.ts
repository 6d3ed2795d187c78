import { ChainError } from '../errors.js';
import { HASH_BYTES } from '../hash.js';
import { parseSize } from '../tlog/size.js';
import { decodeBase64, encodeBase64 } from './base64.js';
import { signNote, verifyNote, type NoteCode } from './signed-note.js';
import type { NoteSigner, NoteVerifier } from './keys.js';

/**
 * C2SP tlog-checkpoint: what a log claims about itself. Its text is
 *
 *     countersign.local/6f1c2a90
 *     20852163
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 */
export interface Checkpoint {
  /** Identity of the log; also the name of its key. */
  readonly origin: string;
  /** Number of leaves. */
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Further lines; discouraged, kept only to read others' checkpoints. */
  readonly extensions?: readonly string[];
}

export type CheckpointCode =
  NoteCode | 'CHECKPOINT_MALFORMED' | 'CHECKPOINT_ORIGIN' | 'CHECKPOINT_LOG_KEY';

export type VerifiedCheckpoint =
  | {
      readonly ok: true;
      readonly checkpoint: Checkpoint;
      readonly verified: readonly NoteVerifier[];
    }
  | { readonly ok: false; readonly code: CheckpointCode; readonly detail: string };

/** The text of a checkpoint. Throws ChainError CHECKPOINT_INVALID for what could not be read back. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root, extensions = [] } = checkpoint;
  const text = [origin, size.toString(10), encodeBase64(root), ...extensions, ''].join('\n');
  if (parseCheckpoint(text) === null) {
    throw new ChainError(
      'CHECKPOINT_INVALID',
      'origin, size, root or an extension line is malformed',
    );
  }
  return text;
}

/**
 * Reads the text of a checkpoint; null unless it is exactly what would be printed for its values: no leading zeros, no
 * signs, no spaces, padded base64 of 32 bytes, no empty line.
 */
export function parseCheckpoint(text: string): Checkpoint | null {
  if (text.length > 16_384 || !text.endsWith('\n')) return null;
  const [origin, size, rootText, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || size === undefined || rootText === undefined) return null;
  if (origin === '' || extensions.includes('')) return null;
  const leaves = parseSize(size);
  const root = decodeBase64(rootText);
  if (leaves === null || root?.length !== HASH_BYTES) return null;
  const checkpoint = { origin, size: leaves, root };
  return extensions.length === 0 ? checkpoint : { ...checkpoint, extensions };
}

/** Formats and signs a checkpoint. Throws ChainError CHECKPOINT_INVALID or NOTE_TEXT_INVALID. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/** What a reader knows beforehand about a log; never learned from the note itself. */
export interface CheckpointPolicy {
  readonly origin: string;
  /** Keys of the log: at least one of them must have signed. */
  readonly logKeys: readonly NoteVerifier[];
  /** Keys of cosigners: if one of them signed, the signature must hold. */
  readonly cosignerKeys?: readonly NoteVerifier[];
}

/** Verifies a signed checkpoint of one log: signatures first, then the text, then the origin. Never throws. */
export function verifyCheckpoint(
  note: Uint8Array | string,
  policy: CheckpointPolicy,
): VerifiedCheckpoint {
  const { origin, logKeys, cosignerKeys = [] } = policy;
  const opened = verifyNote(note, [...logKeys, ...cosignerKeys]);
  if (!opened.ok) return opened;
  if (!opened.verified.some((key) => logKeys.includes(key))) {
    return refuse('CHECKPOINT_LOG_KEY', 'no signature of a key of the log');
  }
  const checkpoint = parseCheckpoint(opened.text);
  if (checkpoint === null) return refuse('CHECKPOINT_MALFORMED', 'the text is no checkpoint');
  if (checkpoint.origin !== origin) {
    return refuse('CHECKPOINT_ORIGIN', `of ${checkpoint.origin}, expected ${origin}`);
  }
  return { ok: true, checkpoint, verified: opened.verified };
}

function refuse(code: CheckpointCode, detail: string): VerifiedCheckpoint {
  return { ok: false, code, detail };
}
