import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answer, type WitnessAnswer } from './answer.js';
import type { Witness } from './witness.js';

/** A checkpoint with its signatures and a proof of 63 hashes take less than a tenth of it. */
const BODY_BYTES_MAX = 64 * 1024;
const MONITOR = /^\/([0-9a-f]{64})\/checkpoint$/;

export interface WitnessServerOptions {
  readonly witness: Witness;
  /** Told of each request that could not be answered because the state could not be read or written. */
  readonly onFailure: (error: unknown) => void;
}

/** POST /add-checkpoint for logs, and GET /<hex sha256 of the origin>/checkpoint for everybody. */
export function witnessServer({ witness, onFailure }: WitnessServerOptions): Server {
  const server = createServer({ requestTimeout: 20_000, headersTimeout: 10_000 });
  server.on('request', (request, response) => {
    route(witness, request, response).catch((error: unknown) => {
      onFailure(error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('the state of this witness cannot be used\n');
    });
  });
  return server;
}

async function route(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const originHash = MONITOR.exec(path)?.[1];
  if (request.method === 'GET' && originHash !== undefined) {
    const note = await witness.checkpoint(originHash);
    send(response, note === null ? answer(404, 'nothing was cosigned') : answer(200, note));
    return;
  }
  if (path !== '/add-checkpoint') {
    send(response, answer(404, 'there is nothing here'));
    return;
  }
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end();
    return;
  }
  const body = await bodyOf(request);
  if (body === null) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  send(response, await witness.addCheckpoint(body));
}

/** Null when it is too long; then it is not read to the end. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { body, contentType, status }: WitnessAnswer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
