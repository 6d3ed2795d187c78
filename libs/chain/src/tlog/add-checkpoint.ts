import { ChainError } from '../errors.js';
import { NOTE_BYTES_MAX } from '../note/signed-note.js';
import { formatHashLines, parseHashLines } from './hash-lines.js';
import { isSize, parseSize, PROOF_HASHES_MAX } from './size.js';

/** C2SP tlog-witness: what a log asks a witness to cosign. */
export interface AddCheckpoint {
  /** Size of the checkpoint that the witness is believed to have cosigned last; 0 for none. */
  readonly oldSize: bigint;
  /** Consistency proof from `oldSize` to the checkpoint. */
  readonly proof: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

/** The request body. Throws ChainError INDEX_OUT_OF_RANGE or HASH_LENGTH for what a witness would refuse to read. */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  if (!isSize(oldSize) || proof.length > PROOF_HASHES_MAX) {
    throw new ChainError('INDEX_OUT_OF_RANGE', `old size ${oldSize}, ${proof.length} hashes`);
  }
  if (proof.some((hash) => hash.byteLength !== 32)) {
    throw new ChainError('HASH_LENGTH', 'a hash of a proof has 32 bytes');
  }
  return `old ${oldSize}\n${formatHashLines(proof)}\n${checkpoint}`;
}

/** Reads a request body, without judging it; null when it is malformed. The checkpoint is not opened here. */
export function parseAddCheckpoint(body: string): AddCheckpoint | null {
  if (body.length > NOTE_BYTES_MAX + 4096) return null;
  const end = body.indexOf('\n\n');
  if (end < 0) return null;
  const [first = '', ...lines] = body.slice(0, end).split('\n');
  if (!first.startsWith('old ')) return null;
  const oldSize = parseSize(first.slice('old '.length));
  const proof = parseHashLines(lines);
  if (oldSize === null || proof === null) return null;
  return { oldSize, proof, checkpoint: body.slice(end + 2) };
}
