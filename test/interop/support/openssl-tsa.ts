import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runWell } from './run.js';

const CONFIG = `[tsa_ext]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[tsa]
default_tsa=main
[main]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
ess_cert_id_alg=sha256
`;

/** A time-stamping authority: `openssl ts` behind a port (RFC 3161 over HTTP). */
export class OpensslTsa {
  #server: Server | undefined;
  #answered = 0;

  private constructor(readonly folder: string) {}

  static async start(): Promise<OpensslTsa> {
    const tsa = new OpensslTsa(mkdtempSync(join(tmpdir(), 'tsa-')));
    await tsa.#make();
    await tsa.#listen();
    return tsa;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  get caFile(): string {
    return join(this.folder, 'ca.pem');
  }

  /** How many requests it answered. */
  get answered(): number {
    return this.#answered;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
    rmSync(this.folder, { recursive: true });
  }

  async #make(): Promise<void> {
    writeFileSync(join(this.folder, 'tsa.cnf'), CONFIG);
    writeFileSync(join(this.folder, 'serial'), '01\n');
    const key = ['-newkey', 'rsa:2048', '-nodes'];
    const ca = ['-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA'];
    await this.#openssl('req', ...ca, '-days', '30');
    await this.#openssl('req', ...key, '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/CN=TSA');
    const signed = ['-in', 'tsa.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
    const purpose = ['-extfile', 'tsa.cnf', '-extensions', 'tsa_ext', '-days', '30'];
    await this.#openssl('x509', '-req', ...signed, '-out', 'tsa.pem', ...purpose);
  }

  async #listen(): Promise<void> {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.#reply(Buffer.concat(chunks)).then(
          (answer) => {
            response.setHeader('content-type', 'application/timestamp-reply');
            response.end(answer);
          },
          () => response.writeHead(500).end(),
        );
      });
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  async #reply(query: Buffer): Promise<Buffer> {
    writeFileSync(join(this.folder, 'query.tsq'), query);
    const signer = ['-signer', 'tsa.pem', '-inkey', 'tsa.key'];
    const files = ['-config', 'tsa.cnf', '-queryfile', 'query.tsq', '-out', 'answer.tsr'];
    await this.#openssl('ts', '-reply', ...files, ...signer);
    this.#answered += 1;
    return readFileSync(join(this.folder, 'answer.tsr'));
  }

  async #openssl(...args: string[]): Promise<void> {
    await runWell('openssl', args, { cwd: this.folder });
  }
}
