import { ChainError } from '../errors.js';

/** Deeper values are refused, which also ends a cycle. */
const DEPTH_MAX = 512;

/**
 * The RFC 8785 (JCS) form of a value: keys in UTF-16 order, ES6 numbers, shortest escapes, no white space.
 * Throws ChainError LONE_SURROGATE, NUMBER_NOT_FINITE, UNSUPPORTED_VALUE (undefined, functions, bigint, class
 * instances, sparse arrays) or TOO_DEEP.
 */
export function canonicalText(value: unknown): string {
  return write(value, 0);
}

/** `canonicalText` as UTF-8: the bytes that are hashed. */
export function canonicalize(value: unknown): Buffer {
  return Buffer.from(write(value, 0), 'utf8');
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new ChainError('NUMBER_NOT_FINITE', String(value));
      return String(value); // ECMAScript's own number printing is what RFC 8785 §3.2.2.3 prescribes
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= DEPTH_MAX) throw new ChainError('TOO_DEEP', `deeper than ${DEPTH_MAX} levels`);
      return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1);
    default:
      throw new ChainError('UNSUPPORTED_VALUE', `a value of type ${typeof value}`);
  }
}

function writeArray(items: readonly unknown[], depth: number): string {
  let text = '[';
  for (let i = 0; i < items.length; i++) {
    text += i === 0 ? write(items[i], depth) : ',' + write(items[i], depth);
  }
  return text + ']';
}

function writeObject(object: object, depth: number): string {
  if (!isPlain(object)) throw new ChainError('UNSUPPORTED_VALUE', 'an instance of a class');
  const members = object as Readonly<Record<string, unknown>>;
  const keys = sortedKeys(members);
  let text = '{';
  for (const key of keys) {
    text += (text.length === 1 ? '' : ',') + canonicalString(key) + ':';
    text += write(members[key], depth);
  }
  return text + '}';
}

/** By UTF-16 code units (RFC 8785 §3.2.3), as string comparison and sort without a comparator both do. */
export function sortedKeys(members: object): string[] {
  const keys = Object.keys(members);
  for (let i = 1; i < keys.length; i++) {
    // Most objects are small and in order already; looking is cheaper than sorting.
    if ((keys[i - 1] ?? '') > (keys[i] ?? '')) return keys.sort();
  }
  return keys;
}

/** True for `{}` and `Object.create(null)`, also of another realm (a vm context has its own Object.prototype). */
export function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// eslint-disable-next-line no-control-regex -- control characters are exactly what must be escaped
const NEEDS_CARE = /[\u0000-\u001f"\\\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Below this length a loop is faster than starting the expression. */
const SHORT = 200;

function needsCare(text: string): boolean {
  if (text.length > SHORT) return NEEDS_CARE.test(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c) return true;
    if (unit >= 0xd800 && unit <= 0xdfff) return true;
  }
  return false;
}

/** A string in RFC 8785 form, quotes included. Throws ChainError LONE_SURROGATE. */
export function canonicalString(text: string): string {
  if (!needsCare(text)) return `"${text}"`;
  if (LONE_SURROGATE.test(text)) {
    throw new ChainError('LONE_SURROGATE', 'half of a surrogate pair in a string');
  }
  return JSON.stringify(text); // same escapes as RFC 8785 §3.2.2.2 once the string is well-formed
}
