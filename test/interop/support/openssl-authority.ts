import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `openssl ts` as the authority: a certificate authority, its time-stamping certificate, and a plain one. */
export class OpensslAuthority {
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

  /** Of `ca`, `tsa` or `web`, as a PEM file. */
  file(name: string): string {
    return join(this.folder, `${name}.pem`);
  }

  certificate(name: string): X509Certificate {
    return new X509Certificate(readFileSync(this.file(name)));
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
