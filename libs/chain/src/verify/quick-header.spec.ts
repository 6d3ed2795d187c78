import fc from 'fast-check';
import { sampleHeader as header } from '../../../../test/support/sample-header.js';
import { decodeEntry } from '../entry/decode.js';
import { encodeEntry } from '../entry/encode.js';
import type { EntryHeader } from '../entry/header.js';
import { quickHeader } from './quick-header.js';

type Read = (bytes: Uint8Array) => EntryHeader | null;

/** True when a quick reader never says anything that the strict one does not. */
function agrees(read: Read, bytes: Uint8Array): boolean {
  const quick = read(bytes);
  if (quick === null) return true;
  const strict = decodeEntry(bytes);
  return strict.ok && JSON.stringify(quick) === JSON.stringify(strict.header);
}

/** Texts that differ little from an entry. */
function* nearly(): Generator<Buffer> {
  const text = encodeEntry(header).toString('latin1');
  for (let at = 0; at < text.length; at++) {
    for (const piece of ['', 'x', '0', '-', '"', '\\', '\n', '\0', '\x7f', '\xe9', ' ']) {
      yield Buffer.from(text.slice(0, at) + piece + text.slice(at + 1), 'latin1');
      yield Buffer.from(text.slice(0, at) + piece + text.slice(at), 'latin1');
    }
  }
  for (const [from, to] of [
    ['"seq":17', '"seq":017'],
    ['"seq":17', '"seq":99999999999999999'],
    ['-21T06', '-31T06'],
    ['2026-11-21', '2026-02-30'],
    ['"v":1}', '"v":1}\n'],
    ['018f3b1c-7a70', '018f3b1c7-a70'],
    ['018f3b1c-', '018f3b1--'],
  ] as const) {
    yield Buffer.from(text.replace(from, to), 'latin1');
  }
}

describe('quickHeader', () => {
  it('reads what the writer writes', () => {
    const text = fc.oneof(
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.stringMatching(/^[ -~]+$/),
    );
    const changes = fc.record({ actor: text, subject: text, type: text, seq: fc.nat() });
    fc.assert(
      fc.property(changes, fc.boolean(), (change, bare) => {
        const whole = { ...header, ...change };
        const { evidence, ...rest } = whole;
        fc.pre(![change.actor, change.subject, change.type].some((part) => part.includes('\0')));
        const expected = bare ? rest : whole;
        expect(evidence).toBeDefined();
        expect(quickHeader(encodeEntry(expected))).toEqual(expected);
      }),
    );
  });

  it('agrees with the strict reader on all that differs in one place', () => {
    for (const bytes of nearly())
      expect([agrees(quickHeader, bytes), bytes]).toEqual([true, bytes]);
  });

  it('is caught by these texts when it believes the platform', () => {
    const lax: Read = (bytes) => {
      try {
        const {
          kind: _kind,
          v: _v,
          ...read
        } = JSON.parse(Buffer.from(bytes).toString('latin1')) as EntryHeader &
          Record<string, unknown>;
        return read;
      } catch {
        return null;
      }
    };
    expect([...nearly()].some((bytes) => !agrees(lax, bytes))).toBe(true);
  });
});
