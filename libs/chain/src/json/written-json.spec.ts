import fc from 'fast-check';
import {
  IMPLEMENTATION_DEFINED,
  MUST_ACCEPT,
  MUST_REFUSE,
} from '../../../../test/support/json-corpus.js';
import { canonicalize } from './canonical.js';
import type { Json } from './json.js';
import { CANONICAL_LIMITS } from './limits.js';
import { parseStrictJson } from './strict-json.js';
import { writtenJson } from './written-json.js';

/** What the strict reader and the printer make of a text: its value when it is canonical. */
function judged(bytes: Uint8Array): Json | undefined {
  const parsed = parseStrictJson(bytes, CANONICAL_LIMITS);
  if (!parsed.ok) return undefined;
  return canonicalize(parsed.value).equals(bytes) ? parsed.value : undefined;
}
type Read = (bytes: Uint8Array) => Json | undefined;

const wrapped = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('{"a":'), bytes, Buffer.from('}')]);
const corpus = [...MUST_REFUSE, ...IMPLEMENTATION_DEFINED, ...MUST_ACCEPT].flatMap(([, bytes]) => [
  Buffer.from(bytes),
  wrapped(bytes),
]);
const special = [
  '{"__proto__":1}',
  '{"b":1,"a":2}',
  '{"9":1,"10":2}',
  '{"10":1,"9":2}',
  '{"a":1,"a":1}',
  '{"a":-0}',
  '{"a":1.0}',
  '{"a":12345678901234567890}',
  '{"a":12345678901234567000}',
  '{"a":1e400}',
  '{"a":"\\u0000"}',
  '{"a":"\\ud800"}',
  '{"a":"\\u0041"}',
  '{"a":"\\u001f"}',
  '{ "a":1}',
  '\ufeff{}',
  `${'['.repeat(100)}${']'.repeat(100)}`,
  `${'['.repeat(300)}${']'.repeat(300)}`,
].map((text) => Buffer.from(text));
const notUtf8 = Buffer.from([0x22, 0xff, 0x22]);

/** The first text that a quick reader takes and the strict one does not, or as another value. */
function wrongly(read: Read): string | undefined {
  for (const bytes of [...corpus, ...special, notUtf8]) {
    const value = read(bytes);
    if (value === undefined) continue;
    const right = judged(bytes);
    if (right === undefined || !canonicalize(value).equals(canonicalize(right))) {
      return bytes.toString('latin1');
    }
  }
  return undefined;
}

describe('writtenJson', () => {
  it('takes nothing that the strict reader refuses or that is not canonical', () => {
    expect(wrongly(writtenJson)).toBeUndefined();
  });

  it('takes what the printer printed', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const bytes = canonicalize(value);
        const read = writtenJson(bytes);
        // It may leave a text to the strict reader, as it does with keys that look like numbers.
        if (read !== undefined) expect(canonicalize(read).equals(bytes)).toBe(true);
      }),
    );
    const plain = canonicalize({ v: 1, data: { name: 'Zoë', tags: [1.5, true, null] } });
    expect(writtenJson(plain)).toEqual({ v: 1, data: { name: 'Zoë', tags: [1.5, true, null] } });
  });

  it('is caught by these texts when it leaves a check out', () => {
    const parse = (bytes: Uint8Array): Json | undefined => {
      try {
        return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
      } catch {
        return undefined;
      }
    };
    const printed: Read = (bytes) => {
      const value = parse(bytes);
      return value !== undefined && JSON.stringify(value) === Buffer.from(bytes).toString('utf8')
        ? value
        : undefined;
    };
    expect(wrongly(parse)).toBeDefined();
    expect(wrongly(printed)).toBeDefined();
  });
});
