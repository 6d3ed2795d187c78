import { createHash } from 'node:crypto';
import { parseTilePath, TILE_WIDTH, type TileName } from '@countersign/chain';
import type { Principal } from '@countersign/identity';
import { AppError } from '@countersign/kernel';
import type { PublishedLog } from '@countersign/ledger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemOf, sendProblem } from './problem.js';
import { TlogSlots } from './tlog-slots.js';
import { callerOf, type DoorAccess } from './token.js';

/** Reads a log at one snapshot; null before anything of it was published. */
export type ReadLog = <Result>(
  work: (log: PublishedLog | null) => Promise<Result>,
) => Promise<Result>;

export interface TlogDoorOptions {
  readonly access: DoorAccess;
  /** The ledger of a caller's tenant. */
  readonly ledgerOf: (principal: Principal) => ReadLog;
  /** The log of heads, which anybody may read. */
  readonly heads: ReadLog;
}

/** How long others may keep an answer, by what it is. */
interface Caching {
  readonly scope: 'public' | 'private';
  /** A checkpoint is worth asking for again after so many seconds. */
  readonly checkpointSeconds: number;
}

const LEDGER: Caching = { scope: 'private', checkpointSeconds: 1 };
const HEADS: Caching = { scope: 'public', checkpointSeconds: 2 };
/** A partial tile never changes either, but is of no use once the full one is there. */
const PARTIAL_SECONDS = 60;
const FULL = 'max-age=31536000, immutable';

/**
 * The logs as C2SP tlog-tiles serves them, never beyond the newest published checkpoint:
 *
 *     GET /t/{tenant}/log/checkpoint         GET /heads/checkpoint
 *     GET /t/{tenant}/log/tile/<L>/<N>[.p/<W>]       GET /heads/tile/…
 *     GET /t/{tenant}/log/tile/entries/<N>[.p/<W>]
 *
 * A tenant's log needs `ledger.read` in that tenant; what is not the caller's own is not found, whether it exists or
 * not. The log of heads is public: it names no tenant.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- Fastify takes plugins that return a promise
export async function tlogDoor(scope: FastifyInstance, options: TlogDoorOptions): Promise<void> {
  const { access, heads, ledgerOf } = options;
  // Apart, so that whoever floods the public log keeps no tenant from theirs.
  const tenants = { onRequest: new TlogSlots().onRequest };
  const everybody = { onRequest: new TlogSlots().onRequest };
  scope.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) request.log.error({ err: error }, 'a log could not be read');
    return sendProblem(reply, problem);
  });

  const own = async (request: FastifyRequest): Promise<ReadLog> => {
    const principal = await callerOf(request, access, 'ledger.read');
    const { tenant } = request.params as { tenant: string };
    // The caller's own is known without a look at others, so nothing can be learnt about them.
    if (tenant !== principal.tenantSlug && tenant !== principal.tenantId) throw notFound();
    return ledgerOf(principal);
  };

  scope.get('/t/:tenant/log/checkpoint', tenants, async (request, reply) =>
    sendCheckpoint(request, reply, await own(request), LEDGER),
  );
  scope.get('/t/:tenant/log/tile/*', tenants, async (request, reply) =>
    sendTile(request, reply, await own(request), LEDGER),
  );
  scope.get('/heads/checkpoint', everybody, (request, reply) =>
    sendCheckpoint(request, reply, heads, HEADS),
  );
  scope.get('/heads/tile/*', everybody, (request, reply) => sendTile(request, reply, heads, HEADS));
}

async function sendCheckpoint(
  request: FastifyRequest,
  reply: FastifyReply,
  read: ReadLog,
  caching: Caching,
): Promise<FastifyReply> {
  const note = await read((log) => Promise.resolve(log?.checkpoint ?? null));
  if (note === null) throw notFound();
  void reply.type('text/plain; charset=utf-8');
  const cache = `${caching.scope}, max-age=${caching.checkpointSeconds}, must-revalidate`;
  return send(request, reply, Buffer.from(note, 'utf8'), cache);
}

async function sendTile(
  request: FastifyRequest,
  reply: FastifyReply,
  read: ReadLog,
  caching: Caching,
): Promise<FastifyReply> {
  const name = tileName(request);
  const bytes = name === null ? null : await read((log) => tileOf(log, name));
  if (name === null || bytes === null) throw notFound();
  void reply.type('application/octet-stream');
  const age = name.width === TILE_WIDTH ? FULL : `max-age=${PARTIAL_SECONDS}`;
  return send(request, reply, bytes, `${caching.scope}, ${age}`);
}

/** The address as it was sent: one tile has one name, and nothing in it is decoded. */
function tileName(request: FastifyRequest): TileName | null {
  const [path = ''] = (request.raw.url ?? '').split('?', 1);
  const at = path.indexOf('/tile/');
  return at < 0 ? null : parseTilePath(path.slice(at + 1));
}

async function tileOf(log: PublishedLog | null, name: TileName): Promise<Uint8Array | null> {
  const { index, level, width } = name;
  if (log === null) return null;
  return level === 'entries' ? log.entries(index, width) : log.tile(level, index, width);
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: Uint8Array,
  cacheControl: string,
): FastifyReply {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  void reply.header('cache-control', cacheControl).header('etag', etag);
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim());
  if (known?.includes(etag) === true || known?.includes(`W/${etag}`) === true) {
    return reply.code(304).send();
  }
  return reply.send(Buffer.from(bytes));
}

function notFound(): AppError {
  return new AppError('NOT_FOUND', {
    publicMessage: 'There is no such part of a published log at this address.',
    hint: 'Read the size in …/checkpoint first; paths and widths are those of C2SP tlog-tiles.',
  });
}
