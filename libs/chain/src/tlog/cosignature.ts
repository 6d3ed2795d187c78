import { sign as signBytes, type KeyObject } from 'node:crypto';
import { ChainError } from '../errors.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import {
  ed25519PublicKey,
  ED25519_COSIGNATURE,
  identify,
  rawPublicKey,
  readKey,
  verifyEd25519,
  type NoteVerifier,
} from '../note/keys.js';
import { formatSignatureLine, noteText } from '../note/signed-note.js';
import { TREE_SIZE_MAX } from './size.js';

/** Seconds before the signature proper, big-endian. */
const TIME_BYTES = 8;

/** C2SP tlog-cosignature, Ed25519: a witness says that it saw this checkpoint, at a time, and none inconsistent. */
export interface Cosigner {
  readonly name: string;
  /** Of signature type 0x04. */
  readonly vkey: string;
  readonly verifier: NoteVerifier;
  /**
   * One signature line, LF included, over the checkpoint of a signed note. Throws ChainError CHECKPOINT_INVALID when the
   * note holds no checkpoint or the time lies before 1970. It asserts nothing by itself: whoever calls it has checked
   * consistency.
   */
  cosign(checkpointNote: string, at: Date): string;
}

/** A cosigner over an Ed25519 private key, which must serve this name only. Throws ChainError KEY_MALFORMED. */
export function cosigner(name: string, privateKey: KeyObject): Cosigner {
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519') {
    throw new ChainError('KEY_MALFORMED', 'expected an Ed25519 private key');
  }
  const verifier = cosignerOf(name, rawPublicKey(privateKey));
  const cosign = (checkpointNote: string, at: Date): string => {
    const text = noteText(checkpointNote);
    if (text === null || parseCheckpoint(text) === null) {
      throw new ChainError('CHECKPOINT_INVALID', 'only a signed checkpoint can be cosigned');
    }
    const seconds = Math.floor(at.getTime() / 1000);
    if (!(seconds >= 0)) throw new ChainError('CHECKPOINT_INVALID', 'a time before 1970');
    const time = Buffer.alloc(TIME_BYTES);
    time.writeBigUInt64BE(BigInt(seconds));
    const signature = signBytes(null, message(BigInt(seconds), Buffer.from(text)), privateKey);
    return formatSignatureLine(name, verifier.keyId, Buffer.concat([time, signature]));
  };
  return { name, vkey: verifier.vkey, verifier, cosign };
}

/** Reads a witness's vkey (signature type 0x04), for `verifyNote` beside the log's. Throws ChainError KEY_MALFORMED. */
export function parseCosignerKey(vkey: string): NoteVerifier {
  const { name, key } = readKey(vkey.trim(), ED25519_COSIGNATURE);
  return cosignerOf(name, key);
}

/** When a cosignature says it was made, in seconds since 1970; null when the bytes are none. Unverified. */
export function cosignatureTime(signature: Uint8Array): bigint | null {
  if (signature.byteLength !== TIME_BYTES + 64) return null;
  const seconds = Buffer.from(signature.buffer, signature.byteOffset, TIME_BYTES).readBigUInt64BE();
  return seconds <= TREE_SIZE_MAX ? seconds : null;
}

function cosignerOf(name: string, publicKeyBytes: Uint8Array): NoteVerifier {
  const key = ed25519PublicKey(publicKeyBytes);
  return {
    ...identify(name, publicKeyBytes, ED25519_COSIGNATURE),
    verify: (text, signature) => {
      const seconds = cosignatureTime(signature);
      if (seconds === null) return false;
      return verifyEd25519(key, message(seconds, text), signature.subarray(TIME_BYTES));
    },
  };
}

/** What is signed: two lines of its own, so that no plain note signature is ever taken for a cosignature. */
function message(seconds: bigint, text: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${seconds}\n`), text]);
}
