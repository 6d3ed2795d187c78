import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Hmac } from './hmac.js';

describe('Hmac', () => {
  // RFC 4231 section 4, test cases 1, 2 and 3.
  it.each([
    [
      '0b'.repeat(20),
      '4869205468657265',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      '4a656665',
      '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      'aa'.repeat(20),
      'dd'.repeat(50),
      '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    ],
  ])('gives the published answer for key %s', (key, message, expected) => {
    expect(new Hmac(Buffer.from(key, 'hex')).hex(Buffer.from(message, 'hex'))).toBe(expected);
  });

  it("agrees with OpenSSL's for any key and messages, one after the other", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.array(fc.uint8Array({ maxLength: 6_000, size: 'max' }), { maxLength: 4 }),
        (key, messages) => {
          const mac = new Hmac(key);
          for (const message of messages) {
            expect(mac.hex(message)).toBe(createHmac('sha256', key).update(message).digest('hex'));
          }
        },
      ),
    );
  });

  it('refuses a key that RFC 2104 would hash first', () => {
    expect(() => new Hmac(new Uint8Array(65))).toThrow(RangeError);
  });
});
