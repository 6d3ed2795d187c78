import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@countersign/chain';
import { timestampRequest } from './request.js';
import { verifyTimestamp } from './verify-timestamp.js';

/** `openssl ts` as the authority: a certificate authority, its time-stamping certificate, and a plain one. */
class OpensslAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'tsa-'));

  constructor(kind: 'rsa:2048' | 'ec' = 'rsa:2048') {
    writeFileSync(join(this.folder, 'tsa.cnf'), CONFIG);
    writeFileSync(join(this.folder, 'serial'), '01\n');
    const key = kind === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : [kind];
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      ...key,
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=Test CA',
      '-days',
      '30',
    );
    this.#certificate('tsa', key, 'tsa_ext');
    this.#certificate('web', key, 'web_ext');
  }

  certificate(name: string): X509Certificate {
    return new X509Certificate(readFileSync(join(this.folder, `${name}.pem`)));
  }

  /** Answers a request; `openssl ts` itself refuses to sign with a certificate for something else. */
  reply(der: Uint8Array): Buffer {
    writeFileSync(join(this.folder, 'request.tsq'), der);
    this.#openssl(
      'ts',
      '-reply',
      '-config',
      'tsa.cnf',
      '-queryfile',
      'request.tsq',
      '-signer',
      'tsa.pem',
      '-inkey',
      'tsa.key',
      '-out',
      'answer.tsr',
    );
    return readFileSync(join(this.folder, 'answer.tsr'));
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  #certificate(name: string, key: string[], extensions: string): void {
    this.#openssl(
      'req',
      '-newkey',
      ...key,
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=Test ${name}`,
    );
    this.#openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${name}.pem`,
      '-days',
      '30',
      '-extfile',
      'tsa.cnf',
      '-extensions',
      extensions,
    );
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
  }
}

const CONFIG = `[tsa_ext]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[web_ext]
extendedKeyUsage=serverAuth
[tsa]
default_tsa=main
[main]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
ess_cert_id_alg=sha256
`;

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
    const imprint = answer.indexOf(sha256(bytes));
    const time = answer.indexOf('Z', imprint) - 1;
    for (const at of [imprint, imprint + 31, time, answer.length - 1, answer.length - 40]) {
      const changed = Buffer.from(answer);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
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
