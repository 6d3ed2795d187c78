import type { NoteVerifier } from '../note/keys.js';
import { NOTE_SIGNATURES_MAX, noteText, parseSignatureLine } from '../note/signed-note.js';
import { cosignatureTime } from './cosignature.js';

/** A cosignature that holds. */
export interface Cosignature {
  readonly verifier: NoteVerifier;
  /** What the witness's clock said, to the second. */
  readonly at: Date;
  /** The signature line, LF included. */
  readonly line: string;
}

/** Longest answer of a witness that is looked at. */
const ANSWER_CHARS_MAX = 64 * 1024;

/**
 * The cosignatures of known keys in `lines` (a witness's answer, or the end of a note) that hold for the checkpoint of
 * `note`, in order, one per key. Everything else in `lines` is ignored, as tlog-witness asks. Never throws.
 */
export function verifyCosignatures(
  note: string,
  lines: string,
  cosigners: readonly NoteVerifier[],
): Cosignature[] {
  const text = noteText(note);
  if (text === null || lines.length > ANSWER_CHARS_MAX) return [];
  const bytes = Buffer.from(text, 'utf8');
  const held: Cosignature[] = [];
  for (const line of lines.split('\n').slice(0, NOTE_SIGNATURES_MAX)) {
    const parsed = parseSignatureLine(line);
    const at = parsed === null ? null : moment(cosignatureTime(parsed.signature));
    if (parsed === null || at === null) continue;
    const verifier = cosigners.find((v) => v.name === parsed.name && v.keyId === parsed.keyId);
    if (verifier === undefined || held.some((known) => known.verifier === verifier)) continue;
    if (verifier.verify(bytes, parsed.signature)) held.push({ verifier, at, line: `${line}\n` });
  }
  return held;
}

/** The cosignatures in a signed note itself; as `verifyCosignatures`. */
export function cosignaturesOf(note: string, cosigners: readonly NoteVerifier[]): Cosignature[] {
  const text = noteText(note);
  if (text === null) return [];
  return verifyCosignatures(note, note.slice(text.length + 1), cosigners);
}

/** The note with these lines behind its own signatures; a line that it has already is not put twice. */
export function addSignatureLines(note: string, lines: readonly string[]): string {
  const text = noteText(note);
  if (text === null) return note;
  const present = new Set(note.slice(text.length + 1).split('\n'));
  return note + lines.filter((line) => !present.has(line.replace(/\n$/, ''))).join('');
}

function moment(seconds: bigint | null): Date | null {
  // The last moment a Date can hold; a later claim is nonsense.
  return seconds === null || seconds > 8_640_000_000_000n ? null : new Date(Number(seconds) * 1000);
}
