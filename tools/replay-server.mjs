#!/usr/bin/env node
// Stands in for the registry of a recorded session: answers the REST reads that were recorded with the bytes that
// were recorded, and takes the one write of the session that our own promotion makes.
//
//   node tools/replay-server.mjs [--fixtures FOLDER] [--port PORT]
//
// POST /__replay/advance goes from the snapshot in the middle of the session to the one at its end.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const SNAPSHOTS = ['after-step-5', 'end'];
const ALIAS_PATH = '/api/2.0/mlflow/registered-models/alias';
/** The approved move of the recording, the only write that is accepted. */
const PROMOTION = { name: 'card-fraud', alias: 'champion', version: '2' };
const BODY_BYTES_MAX = 64 * 1024;

/**
 * Starts the server on 127.0.0.1.
 *
 * - `fixtures`: folder of the recording, with snapshot/after-step-5 and snapshot/end
 * - `port`: 0 takes a free one
 * - `onOperation({ name, alias, version })`: called after the recorded write was answered, so that a player can
 *   deliver the webhook that the registry sent for it
 *
 * Reads are answered from the first snapshot until `advance()` or the recorded write.
 */
export async function startReplayServer({ fixtures, port = 0, onOperation = () => undefined }) {
  const snapshots = await Promise.all(
    SNAPSHOTS.map((name) => loadSnapshot(join(fixtures, 'snapshot', name))),
  );
  let current = 0;
  const advance = () => {
    current = snapshots.length - 1;
  };

  const answer = async (request) => {
    const body = await readBody(request);
    if (request.method === 'POST' && request.url === '/__replay/advance') {
      advance();
      return { status: 200, bytes: '{}' };
    }
    if (request.method === 'POST' && request.url === ALIAS_PATH) {
      if (!isDeepStrictEqual(parsed(body), PROMOTION)) {
        return failure(400, 'INVALID_PARAMETER_VALUE', 'Only the recorded alias move is replayed.');
      }
      advance();
      return { status: 200, bytes: '{}', operation: PROMOTION };
    }
    const recorded = snapshots[current].find((one) => matches(one, request, body));
    if (recorded === undefined) {
      return failure(
        404,
        'RESOURCE_DOES_NOT_EXIST',
        `${request.method} ${request.url} was not recorded.`,
      );
    }
    return { status: recorded.status, bytes: recorded.bytes };
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch((error) => failure(error.status ?? 500, error.code ?? 'INTERNAL_ERROR', error.message))
      .then(({ status, bytes, operation }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(bytes, () => {
          if (operation !== undefined) onOperation(operation);
        });
      });
  });
  await new Promise((started, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', started);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    advance,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}

async function loadSnapshot(folder) {
  const requests = JSON.parse(await readFile(join(folder, 'requests.json'), 'utf8'));
  return Promise.all(
    requests.map(async ({ file, method, path, body, status = 200 }) => ({
      method,
      target: targetOf(path),
      body,
      status,
      bytes: await readFile(join(folder, file)),
    })),
  );
}

/** Same method, path, query parameters (in the order of their names) and, for a search, JSON body. */
function matches(recorded, request, body) {
  if (recorded.method !== request.method) return false;
  if (!isDeepStrictEqual(recorded.target, targetOf(request.url))) return false;
  return recorded.body === undefined || isDeepStrictEqual(recorded.body, parsed(body));
}

function targetOf(url) {
  const { pathname, searchParams } = new URL(url, 'http://replay');
  searchParams.sort(); // stable: repeated parameters keep their order
  return { pathname, query: [...searchParams] };
}

function parsed(body) {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) {
      throw Object.assign(new Error('The body is too large.'), {
        status: 413,
        code: 'INVALID_PARAMETER_VALUE',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** An error as MLflow spells it. */
function failure(status, code, message) {
  return { status, bytes: JSON.stringify({ error_code: code, message }) };
}

function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : process.argv[at + 1];
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const { url, stop } = await startReplayServer({
    fixtures: option('fixtures', join(root, 'test', 'fixtures', 'card-fraud-session')),
    port: Number(option('port', '5000')),
    onOperation: (operation) => process.stdout.write(`${JSON.stringify(operation)}\n`),
  });
  process.stdout.write(`replaying on ${url}\n`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());
}
