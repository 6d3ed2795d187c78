import fc from 'fast-check';
import { covers, intersection, isObject, isPattern, objectMatches } from './pattern.js';

const segment = fc.constantFrom('a', 'b', 'ab');
const object = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const pattern = fc.oneof(
  fc.constant('*'),
  object,
  object.map((text) => `${text}/*`),
);

describe('patterns', () => {
  it.each([
    ['model/x', '*', true],
    ['model/x', 'model/x', true],
    ['model/x/version/1', 'model/x', false],
    ['model/x/version/1', 'model/x/*', true],
    ['model/x', 'model/x/*', false],
    ['model/x/', 'model/x/*', false],
    ['model/xy', 'model/x/*', false],
    ['model/x', 'model/*/x', false],
    ['model/x', 'mode*', false],
  ])('%s under %s: %s', (subject, under, expected) => {
    expect(objectMatches(subject, under)).toBe(expected);
  });

  it.each(['', '/', 'x/', '**', '*/x', 'x*', 'x/*/y', 'x/**', 'a\u0000b', 'a\nb', '\ud800'])(
    'are not %j',
    (text) => {
      expect(isPattern(text)).toBe(false);
    },
  );

  it('names a concrete object without any wildcard', () => {
    expect(isObject('model/card-fraud')).toBe(true);
    for (const wrong of ['*', 'x/*', 'x/', '', 'x'.repeat(3_000), ['x'], null]) {
      expect(isObject(wrong)).toBe(false);
    }
  });

  const meetsExactly = (meet: typeof intersection) => {
    fc.assert(
      fc.property(pattern, pattern, object, (left, right, subject) => {
        const both = objectMatches(subject, left) && objectMatches(subject, right);
        const narrowed = meet(left, right);
        expect(narrowed !== null && objectMatches(subject, narrowed)).toBe(both);
      }),
      { numRuns: 2_000 },
    );
  };

  it('meet in exactly what both cover', () => {
    meetsExactly(intersection);
  });

  it('mutant: a meet that keeps the wider pattern is caught', () => {
    const widening = (left: string, right: string) =>
      covers(left, right) ? left : covers(right, left) ? right : null;
    expect(() => {
      meetsExactly(widening);
    }).toThrow();
  });
});
