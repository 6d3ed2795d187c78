import { TenantSeal } from './tenant-seal.js';

describe('sealSteady', () => {
  const seal = new TenantSeal(Buffer.alloc(32, 7));
  const text = Buffer.from('trained by Eli');

  it('gives the same bytes for the same value at the same place, and opens them there', () => {
    const sealed = seal.sealSteady(text, 'row/1');
    expect(seal.sealSteady(text, 'row/1')).toEqual(sealed);
    expect(seal.openSteady(sealed, 'row/1')).toEqual(text);
    expect(sealed.includes(text)).toBe(false);
  });

  it('gives other bytes at another place, for another value and for another tenant', () => {
    const others = [
      seal.sealSteady(text, 'row/2'),
      seal.sealSteady(Buffer.from('trained by Ela'), 'row/1'),
      new TenantSeal(Buffer.alloc(32, 8)).sealSteady(text, 'row/1'),
    ];
    const all = [seal.sealSteady(text, 'row/1'), ...others].map((bytes) => bytes.toString('hex'));
    expect(new Set(all).size).toBe(4);
    // The nonce differs too: one key never seals two values under one nonce.
    expect(new Set(all.map((hex) => hex.slice(2, 26))).size).toBe(4);
  });

  it('does not confuse the border between place and value', () => {
    const [a, b] = [
      seal.sealSteady(Buffer.from('bc'), 'a'),
      seal.sealSteady(Buffer.from('c'), 'ab'),
    ];
    expect(a.subarray(1, 13)).not.toEqual(b.subarray(1, 13));
  });

  it('opens nothing at another place, and nothing that was sealed otherwise', () => {
    const broken = expect.objectContaining({ code: 'SEAL_BROKEN' }) as Error;
    expect(() => seal.openSteady(seal.sealSteady(text, 'row/1'), 'row/2')).toThrow(broken);
    expect(() => seal.openSteady(seal.seal(text, 'row/1'), 'row/1')).toThrow(broken);
    expect(() => seal.open(seal.sealSteady(text, 'row/1'), 'row/1')).toThrow(broken);
  });
});
