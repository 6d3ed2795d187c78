const DIGIT = /^\p{Nd}$/u;

/**
 * One spelling per version. MLflow echoes the caller's spelling in tag and alias events and reads it with
 * Python's int(): '01', ' 1', '+1', '0_1' and non-ASCII digits all mean version 1. Text that is no whole
 * number stays as it is: other registries name versions freely.
 */
export function canonicalVersion(text: string): string {
  const digits = asciiDigits(text.trim());
  const match = /^\+?([0-9]+(?:_[0-9]+)*)$/.exec(digits);
  if (match?.[1] === undefined) return text;
  return match[1].replaceAll('_', '').replace(/^0+(?=[0-9])/, '');
}

/** Sort key of a canonical version; null when it is no number or has more than 18 digits. */
export function versionNumber(version: string): bigint | null {
  return /^[0-9]{1,18}$/.test(version) ? BigInt(version) : null;
}

function asciiDigits(text: string): string {
  if (!/\p{Nd}/u.test(text)) return text;
  return text.replaceAll(/\p{Nd}/gu, (char) => String(digitValue(char)));
}

/** Unicode lays decimal digits out in runs of ten, 0 first, so the value is the distance to the run's start. */
function digitValue(char: string): number {
  const codePoint = char.codePointAt(0) ?? 0;
  let distance = 0;
  while (DIGIT.test(String.fromCodePoint(codePoint - distance - 1))) distance += 1;
  return distance % 10;
}
