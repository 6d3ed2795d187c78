import { canonicalVersion, versionNumber } from './version-text.js';

describe('canonicalVersion', () => {
  it.each([
    ['1', '1'],
    ['01', '1'],
    [' 1', '1'],
    ['1\n', '1'],
    ['+1', '1'],
    ['1_0', '10'],
    ['0', '0'],
    ['000', '0'],
    ['１', '1'],
    ['٠١', '1'],
    ['𝟗𝟘', '90'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('reads %j as %j, as the registry does', (spelled, canonical) => {
    expect(canonicalVersion(spelled)).toBe(canonical);
  });

  it.each(['', 'v1', '1.0', '-1', '1__0', '_1', '1 2', '0x1'])('leaves %j alone', (text) => {
    expect(canonicalVersion(text)).toBe(text);
  });

  it('has a sort key for what fits 64 bits', () => {
    expect(versionNumber('10')).toBe(10n);
    expect(versionNumber('1234567890123456789')).toBeNull();
    expect(versionNumber('v1')).toBeNull();
  });
});
