import { ChainError } from '../errors.js';
import { decodeBase64, encodeBase64 } from './base64.js';
import { isKeyName, type NoteSigner, type NoteVerifier } from './keys.js';

/** Larger notes are refused unread. */
export const NOTE_BYTES_MAX = 1_000_000;
/** More signature lines are refused; the specification asks to accept at least 16. */
export const NOTE_SIGNATURES_MAX = 100;

/** C2SP signed-note: the em dash that starts a signature line. */
const DASH = '\u2014';

export type NoteCode =
  | 'NOTE_TOO_LARGE'
  | 'NOTE_MALFORMED'
  | 'NOTE_TOO_MANY_SIGNATURES'
  | 'NOTE_SIGNATURE_INVALID'
  | 'NOTE_UNVERIFIED';

export interface NoteSignature {
  readonly name: string;
  /** 8 hex digits. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

export type VerifiedNote =
  | {
      readonly ok: true;
      /** The signed text, ending in a line feed. */
      readonly text: string;
      /** Known keys whose signature holds; never empty. */
      readonly verified: readonly NoteVerifier[];
      /** Signatures of keys that were not given: neither trusted nor held against the note. */
      readonly unknown: readonly NoteSignature[];
    }
  | { readonly ok: false; readonly code: NoteCode; readonly detail: string };

/**
 * Signs a text (ending in a line feed, no control characters besides) with each signer, in order. Throws ChainError
 * NOTE_TEXT_INVALID.
 */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  if (!isNoteText(text)) {
    throw new ChainError('NOTE_TEXT_INVALID', 'a note ends in LF and has no control characters');
  }
  if (signers.length === 0) throw new ChainError('NOTE_TEXT_INVALID', 'a note needs a signer');
  const bytes = Buffer.from(text, 'utf8');
  const lines = signers.map((signer) =>
    formatSignatureLine(signer.name, signer.keyId, signer.sign(bytes)),
  );
  return `${text}\n${lines.join('')}`;
}

/**
 * Checks a note against known keys: a signature of an unknown (name, key id) is ignored, one of a known key that
 * fails refuses the whole note, and so does a note without any verified key. Never throws.
 */
export function verifyNote(
  note: Uint8Array | string,
  verifiers: readonly NoteVerifier[],
): VerifiedNote {
  const bytes = typeof note === 'string' ? Buffer.from(note, 'utf8') : note;
  if (bytes.byteLength > NOTE_BYTES_MAX) {
    return refuse('NOTE_TOO_LARGE', `${bytes.byteLength} bytes, at most ${NOTE_BYTES_MAX}`);
  }
  const parts = split(bytes);
  if (typeof parts === 'string') return refuse('NOTE_MALFORMED', parts);
  if (parts.signatures.length > NOTE_SIGNATURES_MAX) {
    return refuse('NOTE_TOO_MANY_SIGNATURES', `more than ${NOTE_SIGNATURES_MAX}`);
  }
  const text = Buffer.from(parts.text, 'utf8');
  const verified: NoteVerifier[] = [];
  const unknown: NoteSignature[] = [];
  for (const line of parts.signatures) {
    const verifier = verifiers.find((v) => v.name === line.name && v.keyId === line.keyId);
    if (verifier === undefined) {
      unknown.push(line);
    } else if (!verifier.verify(text, line.signature)) {
      return refuse('NOTE_SIGNATURE_INVALID', `${line.name}+${line.keyId}`);
    } else if (!verified.includes(verifier)) {
      verified.push(verifier);
    }
  }
  if (verified.length === 0) return refuse('NOTE_UNVERIFIED', 'no signature of a known key');
  return { ok: true, text: parts.text, verified, unknown };
}

/** The signed text of a note (up to the LF before its last blank line), unverified; null when it is no note. */
export function noteText(note: string): string | null {
  if (note.length > NOTE_BYTES_MAX) return null;
  const parts = split(Buffer.from(note, 'utf8'));
  return typeof parts === 'string' ? null : parts.text;
}

/** One signature line, LF included: `— name base64(key id || signature)`. */
export function formatSignatureLine(name: string, keyId: string, signature: Uint8Array): string {
  return `${DASH} ${name} ${encodeBase64(Buffer.concat([Buffer.from(keyId, 'hex'), signature]))}\n`;
}

/** The parts of a note, or what is wrong with it. */
function split(bytes: Uint8Array): { text: string; signatures: NoteSignature[] } | string {
  let note: string;
  try {
    note = decoder.decode(bytes);
  } catch {
    return 'not well-formed UTF-8';
  }
  // The text may hold blank lines itself: the last one is the boundary.
  const boundary = note.lastIndexOf('\n\n');
  if (boundary < 0) return 'no blank line before the signatures';
  const text = note.slice(0, boundary + 1);
  const block = note.slice(boundary + 2);
  if (!isNoteText(note)) return 'a control character, or no line feed at the end';
  if (block === '') return 'no signature';
  const signatures: NoteSignature[] = [];
  for (const line of block.slice(0, -1).split('\n')) {
    const signature = parseSignatureLine(line);
    if (signature === null) return 'a signature line is malformed';
    signatures.push(signature);
  }
  return { text, signatures };
}

/** A signature line without its LF; null when it is none. */
export function parseSignatureLine(line: string): NoteSignature | null {
  const [dash, name, encoded, ...rest] = line.split(' ');
  if (dash !== DASH || name === undefined || encoded === undefined || rest.length > 0) return null;
  const body = decodeBase64(encoded);
  if (!isKeyName(name) || body === null || body.length < 5) return null;
  return { name, keyId: body.toString('hex', 0, 4), signature: body.subarray(4) };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Ends in LF, is well-formed, and has no ASCII control character but LF: the rule of Go's reference reader. */
function isNoteText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is refused
  return text.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f]|\p{Surrogate}/u.test(text);
}

function refuse(code: NoteCode, detail: string): VerifiedNote {
  return { ok: false, code, detail };
}
