import { ChainError } from '../errors.js';
import { decodeBase64, encodeBase64 } from '../note/base64.js';
import {
  verifyCheckpoint,
  type Checkpoint,
  type CheckpointCode,
  type CheckpointPolicy,
} from '../note/checkpoint.js';
import type { NoteVerifier } from '../note/keys.js';
import { NOTE_BYTES_MAX } from '../note/signed-note.js';
import { leafHash } from '../tree/hashing.js';
import { verifyInclusion } from '../tree/verify-proof.js';
import { formatHashLines, parseHashLines } from './hash-lines.js';
import { isSize, parseSize, PROOF_HASHES_MAX } from './size.js';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
/** Bytes of extra data that are read. */
const EXTRA_BYTES_MAX = 65_536;
const PROOF_CHARS_MAX = NOTE_BYTES_MAX + 128 * 1024;

/** C2SP tlog-proof: that an entry is in a log, checkable without asking anybody. The file is a `.tlog-proof`. */
export interface TlogProof {
  readonly index: bigint;
  /** Inclusion path, leaf side first. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
  /** Opaque bytes of the application; not authenticated by anything. */
  readonly extra?: Uint8Array | undefined;
}

export type TlogProofCode = 'PROOF_MALFORMED' | 'PROOF_INVALID' | CheckpointCode;

export type TlogProofVerdict =
  | {
      readonly ok: true;
      readonly index: bigint;
      readonly checkpoint: Checkpoint;
      /** Keys whose signature on the checkpoint holds. */
      readonly verified: readonly NoteVerifier[];
    }
  | { readonly ok: false; readonly code: TlogProofCode; readonly detail: string };

/** The text of a proof. Throws ChainError INDEX_OUT_OF_RANGE or HASH_LENGTH for what could not be read back. */
export function formatTlogProof(proof: TlogProof): string {
  const { index, hashes, checkpoint, extra } = proof;
  if (!isSize(index) || hashes.length > PROOF_HASHES_MAX) {
    throw new ChainError('INDEX_OUT_OF_RANGE', `index ${index}, ${hashes.length} hashes`);
  }
  if (hashes.some((hash) => hash.byteLength !== 32)) {
    throw new ChainError('HASH_LENGTH', 'a hash of a proof has 32 bytes');
  }
  const extraLine = extra === undefined ? '' : `extra ${encodeBase64(extra)}\n`;
  return `${FIRST_LINE}\n${extraLine}index ${index}\n${formatHashLines(hashes)}\n${checkpoint}`;
}

/** Reads the text of a proof, without judging it; null when it is malformed. The checkpoint is not opened here. */
export function parseTlogProof(text: string): TlogProof | null {
  if (text.length > PROOF_CHARS_MAX) return null;
  // The first blank line ends the proof: the checkpoint behind it has one of its own.
  const end = text.indexOf('\n\n');
  if (end < 0) return null;
  const lines = text.slice(0, end).split('\n');
  if (lines.shift() !== FIRST_LINE) return null;
  let extra: Buffer | undefined;
  if (lines[0]?.startsWith('extra ') === true) {
    const bytes = decodeBase64((lines.shift() ?? '').slice('extra '.length));
    if (bytes === null || bytes.length > EXTRA_BYTES_MAX) return null;
    extra = bytes;
  }
  const indexLine = lines.shift();
  if (indexLine?.startsWith('index ') !== true) return null;
  const index = parseSize(indexLine.slice('index '.length));
  const hashes = parseHashLines(lines);
  if (index === null || hashes === null) return null;
  const proof = { index, hashes, checkpoint: text.slice(end + 2) };
  return extra === undefined ? proof : { ...proof, extra };
}

/**
 * Verifies that `leafData` is in the log of `policy`: the checkpoint first, then the path to its root. Whether enough
 * witnesses signed is for the caller to say, from `verified`. Never throws.
 */
export function verifyTlogProof(
  text: string,
  leafData: Uint8Array,
  policy: CheckpointPolicy,
): TlogProofVerdict {
  const proof = parseTlogProof(text);
  if (proof === null) return refuse('PROOF_MALFORMED', 'not a c2sp.org/tlog-proof@v1');
  const opened = verifyCheckpoint(proof.checkpoint, policy);
  if (!opened.ok) return opened;
  const { checkpoint, verified } = opened;
  const { index, hashes } = proof;
  const { size, root } = checkpoint;
  if (!verifyInclusion({ index, size, root, proof: hashes, leafHash: leafHash(leafData) })) {
    return refuse(
      'PROOF_INVALID',
      `does not lead from leaf ${index} to the root of ${size} leaves`,
    );
  }
  return { ok: true, index, checkpoint, verified };
}

function refuse(code: TlogProofCode, detail: string): TlogProofVerdict {
  return { ok: false, code, detail };
}
