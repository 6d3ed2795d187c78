/** Longest spelling that is looked at; longer ones are kept as they are. */
const SPELLING_CHARS_MAX = 64;
const DECIMAL = /^[+-]?\p{Nd}+(?:_\p{Nd}+)*$/u;

/** A version number as one text, and as the caller spelled it where that differs. */
export interface ReadVersion {
  readonly version: string;
  readonly rawVersion?: string;
}

/**
 * The registry reads a version with Python's int(), and its events repeat the caller's spelling: `"01"`, `" 1"`,
 * `"+1"`, `"0_1"` and `"１"` all name version 1. What int() would not read is kept as it is.
 */
export function readVersion(spelled: string): ReadVersion {
  const version = pythonInteger(spelled);
  return version === null || version === spelled
    ? { version: spelled }
    : { version, rawVersion: spelled };
}

/** What Python's int() makes of a text, in decimal; null where it raises. */
function pythonInteger(spelled: string): string | null {
  if (spelled.length > SPELLING_CHARS_MAX) return null;
  const trimmed = strip(spelled);
  if (!DECIMAL.test(trimmed)) return null;
  const negative = trimmed.startsWith('-');
  let digits = '';
  for (const character of trimmed.replace(/^[+-]/, '').replaceAll('_', '')) {
    digits += String(digitValue(character));
  }
  const value = BigInt(digits);
  return String(negative ? -value : value);
}

/** str.strip(): Unicode white space. */
function strip(text: string): string {
  const characters = Array.from(text);
  const first = characters.findIndex((character) => !isPythonSpace(character));
  const last = characters.findLastIndex((character) => !isPythonSpace(character));
  return first < 0 ? '' : characters.slice(first, last + 1).join('');
}

/** As \s, with the four information separators and NEL, and without U+FEFF. */
function isPythonSpace(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0xfeff) return false;
  return /\s/.test(character) || (code >= 0x1c && code <= 0x1f) || code === 0x85;
}

/** Unicode keeps each script's ten digits consecutive, so the value is the distance to the script's zero. */
function digitValue(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0x39) return code - 0x30;
  let zero = code;
  while (code - zero < 9 && isDigit(zero - 1)) zero -= 1;
  // Mathematical digits run on for five alphabets: there the distance restarts every ten.
  if (code >= 0x1d7ce && code <= 0x1d7ff) return (code - 0x1d7ce) % 10;
  return code - zero;
}

function isDigit(code: number): boolean {
  return /^\p{Nd}$/u.test(String.fromCodePoint(code));
}
