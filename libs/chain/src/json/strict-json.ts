import { canonicalText } from './canonical.js';
import type { Json } from './json.js';
import { DEFAULT_LIMITS, type JsonLimits } from './limits.js';
import { firstInvalidUtf8 } from './utf8.js';

/** Why a text was refused. */
export type StrictJsonCode =
  | 'TOO_LARGE'
  | 'INVALID_UTF8'
  | 'BOM'
  | 'SYNTAX'
  | 'NUL'
  | 'DUPLICATE_KEY'
  | 'FORBIDDEN_KEY'
  | 'LONE_SURROGATE'
  | 'NUMBER_OUT_OF_RANGE'
  | 'TOO_DEEP'
  | 'TOO_MANY_NODES'
  | 'STRING_TOO_LONG';

export interface StrictJsonFailure {
  readonly ok: false;
  readonly code: StrictJsonCode;
  /** For people; quotes at most a short excerpt. */
  readonly detail: string;
  /** Byte offset of the first offending byte. */
  readonly offset: number;
}

export type StrictJsonResult = { readonly ok: true; readonly value: Json } | StrictJsonFailure;

/**
 * Reads JSON (RFC 8259) and refuses every text that two readers could understand differently: invalid UTF-8, a
 * byte order mark, duplicate keys (compared after unescaping), NUL, lone surrogates, numbers outside the range of
 * a double. Bounded in size, depth, nodes and string length. Never throws.
 *
 * Objects are ordinary ones; the key `__proto__` is refused, so that no assignment can reach a prototype.
 * Integers beyond ±(2^53 - 1) become strings of exactly their digits (see `JsonLimits.bigIntegers`).
 */
export function parseStrictJson(
  bytes: Uint8Array,
  limits: JsonLimits = DEFAULT_LIMITS,
): StrictJsonResult {
  if (bytes.byteLength > limits.bytesMax) {
    return failure(
      'TOO_LARGE',
      `${bytes.byteLength} bytes, at most ${limits.bytesMax}`,
      limits.bytesMax,
    );
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return failure('INVALID_UTF8', 'not well-formed UTF-8', firstInvalidUtf8(bytes));
  }
  if (text.charCodeAt(0) === 0xfeff) return failure('BOM', 'starts with a byte order mark', 0);
  try {
    return { ok: true, value: new Reader(text, limits).read() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const offset = Buffer.byteLength(text.slice(0, error.index), 'utf8');
    return failure(error.code, error.message, offset);
  }
}

// ignoreBOM keeps the mark in the text, where it is seen and refused instead of being dropped silently.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function failure(code: StrictJsonCode, detail: string, offset: number): StrictJsonFailure {
  return { ok: false, code, detail, offset };
}

class Refusal extends Error {
  constructor(
    readonly code: StrictJsonCode,
    message: string,
    readonly index: number,
  ) {
    super(message);
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const NOT_ZERO = /^[^eE]*[1-9]/; // a digit before the exponent: what reads as 0 was too small
const DEPTH_CEILING = 512; // the reader recurses once per level; this keeps it far from the end of the stack

class Reader {
  private at = 0;
  private nodes = 0;
  private readonly depthMax: number;

  constructor(
    private readonly text: string,
    private readonly limits: JsonLimits,
  ) {
    this.depthMax = Math.min(limits.depthMax, DEPTH_CEILING);
  }

  read(): Json {
    const value = this.value(0);
    this.skipSpace();
    if (this.at < this.text.length) this.refuse('SYNTAX', 'something follows the value');
    return value;
  }

  private value(depth: number): Json {
    this.skipSpace();
    if (++this.nodes > this.limits.nodesMax) {
      this.refuse('TOO_MANY_NODES', `more than ${this.limits.nodesMax} values`);
    }
    switch (this.text.charCodeAt(this.at)) {
      case 0x7b:
        return this.object(depth + 1);
      case 0x5b:
        return this.array(depth + 1);
      case 0x22:
        return this.string();
      case 0x74:
        return this.word('true', true);
      case 0x66:
        return this.word('false', false);
      case 0x6e:
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(depth: number): Json {
    this.enter(depth);
    const members: Record<string, Json> = {};
    this.skipSpace();
    if (this.take(0x7d)) return members;
    for (;;) {
      this.skipSpace();
      const start = this.at;
      if (this.text.charCodeAt(start) !== 0x22) this.refuse('SYNTAX', 'expected a key in quotes');
      const key = this.string();
      if (key === '__proto__') this.refuse('FORBIDDEN_KEY', 'the key __proto__', start);
      const before = Object.hasOwn(members, key) ? members[key] : undefined;
      if (before !== undefined && this.limits.duplicateKeys === 'refuse') this.twice(key, start);
      this.skipSpace();
      if (!this.take(0x3a)) this.refuse('SYNTAX', 'expected a colon');
      const value = this.value(depth);
      if (before !== undefined && canonicalText(before) !== canonicalText(value)) {
        this.twice(key, start);
      }
      members[key] = value;
      this.skipSpace();
      if (this.take(0x7d)) return members;
      if (!this.take(0x2c)) this.refuse('SYNTAX', 'expected a comma or the end of the object');
    }
  }

  private twice(key: string, start: number): never {
    const name = JSON.stringify(key.slice(0, 64));
    this.refuse('DUPLICATE_KEY', `the key ${name} stands twice`, start);
  }

  private array(depth: number): Json {
    this.enter(depth);
    const items: Json[] = [];
    this.skipSpace();
    if (this.take(0x5d)) return items;
    for (;;) {
      items.push(this.value(depth));
      this.skipSpace();
      if (this.take(0x5d)) return items;
      if (!this.take(0x2c)) this.refuse('SYNTAX', 'expected a comma or the end of the array');
    }
  }

  private enter(depth: number): void {
    if (depth > this.depthMax) this.refuse('TOO_DEEP', `deeper than ${this.depthMax} levels`);
    this.at++;
  }

  /** Reads from the opening quote to behind the closing one. */
  private string(): string {
    const text = this.text;
    const start = this.at + 1;
    let i = start;
    let escaped = false;
    for (;;) {
      const c = text.charCodeAt(i);
      if (c === 0x22) break;
      if (c === 0x5c) {
        i = this.escape(i);
        escaped = true;
      } else if (c >= 0x20) {
        i++;
      } else if (c === 0) {
        this.refuse('NUL', 'a NUL byte in a string', i);
      } else {
        // Either a control character, or NaN: the text ended.
        this.refuse('SYNTAX', 'a string is not closed or holds a control character', i);
      }
    }
    const raw = text.slice(start, i);
    const value = escaped ? this.unescape(raw, start) : raw;
    this.at = i + 1;
    const max = this.limits.stringBytesMax;
    if (value.length > max || (value.length * 3 > max && Buffer.byteLength(value) > max)) {
      this.refuse('STRING_TOO_LONG', `a string of more than ${max} bytes`, start - 1);
    }
    return value;
  }

  /** Checks the escape at `i` and returns the index behind it. */
  private escape(i: number): number {
    const next = this.text[i + 1];
    if (next === 'u') {
      const digits = this.text.slice(i + 2, i + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.refuse('SYNTAX', 'a broken \\u escape', i);
      if (digits === '0000') this.refuse('NUL', 'an escaped NUL in a string', i);
      return i + 6;
    }
    if (next === undefined || !'"\\/bfnrt'.includes(next)) {
      this.refuse('SYNTAX', 'an unknown escape', i);
    }
    return i + 2;
  }

  /** The escapes of `raw` were checked, so JSON.parse can neither fail nor see anything but one string. */
  private unescape(raw: string, start: number): string {
    const value = JSON.parse(`"${raw}"`) as string;
    // Only an escape can bring a lone surrogate in: decoded UTF-8 has none.
    if (LONE_SURROGATE.test(value)) {
      this.refuse('LONE_SURROGATE', 'half of a surrogate pair in a string', start - 1);
    }
    return value;
  }

  private number(): Json {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) return this.unexpected();
    const literal = match[0];
    const value = Number(literal);
    if (match[1] === undefined && match[2] === undefined) {
      if (!Number.isSafeInteger(value)) {
        const start = this.at;
        this.at += literal.length;
        return this.bigInteger(literal, value, start);
      }
    } else if (!Number.isFinite(value) || (value === 0 && NOT_ZERO.test(literal))) {
      this.refuse('NUMBER_OUT_OF_RANGE', 'a number beyond the range of a double');
    }
    this.at += literal.length;
    return value;
  }

  private bigInteger(literal: string, value: number, start: number): Json {
    if (literal.length > this.limits.stringBytesMax) {
      this.refuse(
        'STRING_TOO_LONG',
        `an integer of more than ${this.limits.stringBytesMax} digits`,
        start,
      );
    }
    return this.limits.bigIntegers === 'double' && String(value) === literal ? value : literal;
  }

  private word<T extends Json>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.unexpected();
    this.at += word.length;
    return value;
  }

  private unexpected(): never {
    const found = this.text[this.at];
    if (found === undefined) this.refuse('SYNTAX', 'the text ends too early');
    if (found === '\0') this.refuse('NUL', 'a NUL byte');
    return this.refuse('SYNTAX', `unexpected ${JSON.stringify(found)}`);
  }

  private skipSpace(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.at++;
    }
  }

  private take(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at++;
    return true;
  }

  private refuse(code: StrictJsonCode, message: string, index = this.at): never {
    throw new Refusal(code, message, index);
  }
}
