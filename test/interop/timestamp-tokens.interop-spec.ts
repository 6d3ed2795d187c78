import { changedTokens } from '../support/changed-tokens.js';
import { OpensslAuthority } from './support/openssl-authority.js';
import { timestampRequest } from '../../libs/anchor/src/timestamp/request.js';
import { verifyTimestamp } from '../../libs/anchor/src/timestamp/verify-timestamp.js';

describe.each(['rsa:2048', 'ec'] as const)('a time stamp that openssl ts made with %s', (kind) => {
  let authority: OpensslAuthority;
  let answer: Buffer;
  const bytes = Buffer.from('countersign.test/heads/1\n7\nroot\n');
  const request = timestampRequest(bytes);
  beforeAll(() => {
    authority = new OpensslAuthority(kind);
    answer = authority.reply(request.der);
  });
  afterAll(() => {
    authority.close();
  });
  const verdict = (
    trusted: string[] | null,
    over: Uint8Array = bytes,
    token: Uint8Array = answer,
    nonce?: Uint8Array,
  ): ReturnType<typeof verifyTimestamp> =>
    verifyTimestamp(token, over, {
      certificates: trusted?.map((name) => authority.certificate(name)) ?? null,
      ...(nonce === undefined ? {} : { nonce }),
    });

  it('is accepted with its certificate or its issuer pinned, or none', () => {
    for (const trusted of [['tsa'], ['ca'], null]) {
      expect(verdict(trusted, bytes, answer, request.nonce)).toEqual({
        ok: true,
        at: expect.any(Date) as Date,
      });
    }
  });

  it.each([
    ['over other bytes', () => verdict(['tsa'], Buffer.from('other')), 'other bytes'],
    ['with another nonce', () => verdict(['tsa'], bytes, answer, Buffer.alloc(8, 1)), 'nonce'],
    ['when another certificate is pinned', () => verdict(['web']), 'another authority'],
    ['when it is empty', () => verdict(null, bytes, Buffer.alloc(0)), 'not a time stamp'],
    [
      'when it is something else',
      () => verdict(null, bytes, Buffer.from('<html>')),
      'not a time stamp',
    ],
  ])('is refused %s', (...[, refused, detail]) => {
    expect(refused()).toEqual({ ok: false, detail: expect.stringContaining(detail) as string });
  });

  it('is refused after a change of what was stamped, when, or of the signature', () => {
    for (const changed of changedTokens(answer, bytes)) {
      expect(verdict(['ca'], bytes, changed).ok).toBe(false);
    }
  });

  it('mutants: each check that is left out lets something through', () => {
    const swapped = authority.reply(timestampRequest(Buffer.from('other')).der);
    expect(verdict(['tsa'], bytes, swapped).ok).toBe(false);
    expect(verdict(['tsa'], Buffer.from('other'), swapped).ok).toBe(true);
    const again = authority.reply(timestampRequest(bytes).der);
    expect(verdict(['tsa'], bytes, again).ok).toBe(true);
    expect(verdict(['tsa'], bytes, again, request.nonce).ok).toBe(false);
  });
});
