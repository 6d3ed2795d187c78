/**
 * Objects and the patterns that rules and grants name them by: `*` is everything, `x/*` is whatever lies below
 * `x`, anything else is itself. No other wildcard exists, so a pattern cannot be made slow or surprising.
 */

const OBJECT_CHARACTERS_MAX = 2_048;

/** True when `object` falls under `pattern`. `x/*` does not cover `x` itself, nor `x/`. */
export function objectMatches(object: string, pattern: string): boolean {
  if (pattern === '*') return true;
  if (!pattern.endsWith('/*')) return object === pattern;
  const prefix = pattern.slice(0, -1);
  return object.length > prefix.length && object.startsWith(prefix);
}

/** True for `*`, `x/*` and `x` without control characters. */
export function isPattern(text: string): boolean {
  if (text === '*') return true;
  return isObject(text.endsWith('/*') ? text.slice(0, -2) : text);
}

/** True for a concrete object: no wildcard, no control character, no slash at the end. */
export function isObject(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    text.length > 0 &&
    text.length <= OBJECT_CHARACTERS_MAX &&
    !text.includes('*') &&
    !text.endsWith('/') &&
    !/[\p{Cc}\p{Cs}]/u.test(text)
  );
}

/** The pattern of what both cover, or null when that is nothing. */
export function intersection(left: string, right: string): string | null {
  if (covers(left, right)) return right;
  return covers(right, left) ? left : null;
}

/** True when everything that `inner` covers is covered by `outer` too. */
export function covers(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true;
  if (!outer.endsWith('/*') || inner === '*') return false;
  return inner.endsWith('/*') ? inner.startsWith(outer.slice(0, -1)) : objectMatches(inner, outer);
}
