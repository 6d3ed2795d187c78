import { isJsonObject, type Json } from './json.js';

/** Within these no limit of `CANONICAL_LIMITS` can be exceeded. */
const BYTES_MAX = 256 * 1024;
const DEPTH_MAX = 64;

/** What the platform's parser takes and ours refuses, as it would stand in a canonical text. */
const REFUSED = ['"__proto__"', '\\u0000', '\\ud', '\ufffd'];

/**
 * The value of a text in RFC 8785 form, at a fraction of the price of `parseStrictJson` under `CANONICAL_LIMITS` and of
 * printing it again; undefined for any text about which there is a doubt, which they then judge. The platform's own parser
 * is believed where its printer gives the same text again and the keys of every object stand in order.
 */
export function writtenJson(bytes: Uint8Array): Json | undefined {
  if (bytes.byteLength > BYTES_MAX) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8'); // what is not UTF-8 becomes U+FFFD, which is refused
  if (REFUSED.some((part) => text.includes(part))) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return JSON.stringify(value) === text && inOrder(value, 0) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** True when the keys of all objects stand in the order of RFC 8785 and nothing is nested too deep. */
function inOrder(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= DEPTH_MAX) return false;
  if (!isJsonObject(value)) return value.every((item) => inOrder(item, depth + 1));
  let before: string | null = null;
  for (const key in value) {
    if (before !== null && before >= key) return false;
    before = key;
    if (!inOrder(value[key] ?? null, depth + 1)) return false;
  }
  return true;
}
