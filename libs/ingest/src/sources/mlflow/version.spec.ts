import { readVersion } from './version.js';

describe('readVersion', () => {
  // Measured on MLflow 3.17.2, or Python's int() itself.
  it.each(['01', ' 1', '1 ', '+1', '1\n', '0_1', '１', '٠١', '\u00a01', '\u001c1', '𝟏', '𝟙'])(
    'reads %j as 1 and keeps the spelling',
    (spelled) => expect(readVersion(spelled)).toEqual({ version: '1', rawVersion: spelled }),
  );

  it.each([
    '1',
    '12',
    '-1',
    '0',
    '1.0',
    '1e0',
    '0x1',
    '_1',
    '1_',
    '1__0',
    '',
    ' ',
    'one',
    '9'.repeat(65),
  ])('keeps %j as it is', (spelled) => expect(readVersion(spelled)).toEqual({ version: spelled }));

  it('keeps every digit of a number beyond 2^53', () => {
    expect(readVersion('+9007199254740993').version).toBe('9007199254740993');
  });
});
