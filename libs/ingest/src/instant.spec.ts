import fc from 'fast-check';
import { parseInstant } from './instant.js';

describe('parseInstant', () => {
  it.each([
    ['2026-11-21T07:55:46.215385+00:00', '2026-11-21T07:55:46.215Z'],
    ['2026-11-21T07:55:46.999999Z', '2026-11-21T07:55:46.999Z'],
    ['2026-11-21T08:09:00.7Z', '2026-11-21T08:09:00.700Z'],
    ['2026-11-21t08:09:00z', '2026-11-21T08:09:00.000Z'],
    ['2026-11-21T08:09:00+05:30', '2026-11-21T02:39:00.000Z'],
    ['2024-02-29T00:00:00-23:59', '2024-02-29T23:59:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseInstant(text)?.toISOString()).toBe(expected);
  });

  it.each([
    '',
    'now',
    '2026-11-21',
    '2026-11-21T08:09:00', // no zone: whose clock?
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T08:09:60Z',
    '2026-11-21T08:09:00+24:00',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
    '+012026-11-21T08:09:00Z',
    '2026-11-21T08:09:00.1234567890Z',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  it('gives back every instant that JavaScript prints', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0000-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59.999Z'),
          noInvalidDate: true,
        }),
        (date) => parseInstant(date.toISOString())?.getTime() === date.getTime(),
      ),
    );
  });
});
