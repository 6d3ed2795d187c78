import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpensslAuthority } from './openssl-authority.js';

/** A time-stamping authority: `openssl ts` behind a port (RFC 3161 over HTTP). */
export class OpensslTsa {
  readonly #authority = new OpensslAuthority();
  #server: Server | undefined;
  #answered = 0;

  static async start(): Promise<OpensslTsa> {
    const tsa = new OpensslTsa();
    await tsa.#listen();
    return tsa;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  get caFile(): string {
    return this.#authority.file('ca');
  }

  get folder(): string {
    return this.#authority.folder;
  }

  /** How many requests it answered. */
  get answered(): number {
    return this.#answered;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
    this.#authority.close();
  }

  async #listen(): Promise<void> {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        try {
          const answer = this.#authority.reply(Buffer.concat(chunks));
          this.#answered += 1;
          response.setHeader('content-type', 'application/timestamp-reply');
          response.end(answer);
        } catch {
          response.writeHead(500).end();
        }
      });
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }
}
