import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changedTokens } from '../../../../test/support/changed-tokens.js';
import { verifyTimestamp } from './verify-timestamp.js';

const FIXTURES = join(process.cwd(), 'test', 'fixtures', 'timestamps');

// Recorded: `npm test` needs no openssl. The interop suite does the same with tokens that openssl makes on the spot.
describe.each(['rsa', 'ec'])('a recorded time stamp of openssl ts with %s', (kind) => {
  const read = (name: string): Buffer => readFileSync(join(FIXTURES, kind, name));
  const bytes = Buffer.from('countersign.test/heads/1\n7\nroot\n');
  const answer = read('answer.tsr');
  const nonce = Buffer.from(read('nonce').toString('utf8').trim(), 'hex');
  const verdict = (
    trusted: readonly string[] | null,
    over: Uint8Array = bytes,
    token: Uint8Array = answer,
    expected?: Uint8Array,
  ): ReturnType<typeof verifyTimestamp> =>
    verifyTimestamp(token, over, {
      certificates: trusted?.map((name) => new X509Certificate(read(`${name}.pem`))) ?? null,
      ...(expected === undefined ? {} : { nonce: expected }),
    });

  it('is accepted with its certificate or its issuer pinned, or none', () => {
    for (const trusted of [['tsa'], ['ca'], null]) {
      expect(verdict(trusted, bytes, answer, nonce)).toMatchObject({ ok: true });
    }
  });

  it('is refused over other bytes, with another nonce or authority, and when it is none', () => {
    const refused: [ReturnType<typeof verifyTimestamp>, string][] = [
      [verdict(['tsa'], Buffer.from('other')), 'other bytes'],
      [verdict(['tsa'], bytes, read('other.tsr')), 'other bytes'],
      [verdict(['tsa'], bytes, read('again.tsr'), nonce), 'nonce'],
      [verdict(['web']), 'another authority'],
      [verdict(null, bytes, Buffer.from('<html>')), 'not a time stamp'],
    ];
    for (const [found, detail] of refused) {
      expect(found).toEqual({ ok: false, detail: expect.stringContaining(detail) as string });
    }
    // Each of them is a good token by itself.
    expect(verdict(['tsa'], Buffer.from('other'), read('other.tsr')).ok).toBe(true);
    expect(verdict(['tsa'], bytes, read('again.tsr')).ok).toBe(true);
  });

  it('is refused after a change of what was stamped, when, or of the signature', () => {
    for (const changed of changedTokens(answer, bytes)) {
      expect(verdict(['ca'], bytes, changed).ok).toBe(false);
    }
  });
});
