import {
  anchorPath,
  BUNDLE_FILES,
  canonicalText,
  formatBundleManifest,
  formatHashLines,
  formatTlogProof,
  parseCheckpoint,
  sameBytes,
  type BundleManifest,
} from '@countersign/chain';
import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { HeadsQueries } from '../heads/heads-queries.js';
import type { CheckpointRecord } from '../reads/entry-record.js';
import type { AnchorRecord } from '../heads/heads-records.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { StoredTree } from '../tree/stored-tree.js';
import { ledgerTiles } from '../tree/tile-store.js';
import type { BundleText, ExportPlan, ExportRequest } from './export-request.js';

export interface PlanContext {
  readonly created: Date;
  /** Name and version of what writes the bundle. */
  readonly tool: string;
  /** The tlog-policy file to put in for convenience; null leaves it out. */
  readonly policy: string | null;
}

/** More than these a verifier does not read. */
const TOKENS_MAX = 32;

/** The request as text: equal for equal requests. */
export function requestText(kind: 'tenant' | 'heads', who: string, request: ExportRequest): string {
  const { disclose, evidence, filter, from, payloads, since, to } = request;
  return canonicalText({
    kind,
    who,
    disclose: disclose === null ? null : [...disclose],
    evidence,
    filter: filter ?? null,
    from: from?.toString() ?? null,
    payloads,
    since: since ?? null,
    to: to?.toString() ?? null,
  });
}

/**
 * Fixes what a bundle of the tenant will hold: the newest checkpoint whose head lies in a published checkpoint of the
 * log of heads. Throws NOT_PUBLISHED while there is none, BAD_REQUEST for a range that does not fit, STORE_FORKED when
 * `since` is no earlier state of this ledger.
 */
export async function planTenantExport(
  tx: SqlTx,
  request: ExportRequest,
  context: PlanContext,
): Promise<ExportPlan> {
  const queries = new LedgerQueries();
  const heads = await publishedHead(tx, queries);
  const { checkpoint } = heads;
  const since =
    request.since === undefined ? null : await sinceParts(tx, request.since, checkpoint);
  const { from, to } = rangeOf(request, checkpoint.size, since?.size ?? 0n);
  const manifest: BundleManifest = {
    created: context.created.toISOString(),
    evidence: request.payloads && request.evidence,
    filter: request.payloads ? (request.filter ?? null) : null,
    from: Number(from),
    kind: 'tenant',
    origin: checkpoint.origin,
    payloads: !request.payloads ? 'none' : request.filter === undefined ? 'all' : 'filter',
    size: Number(checkpoint.size),
    tenant: tx.tenantId,
    to: Number(to),
    tool: context.tool,
  };
  return {
    kind: 'tenant',
    size: manifest.size,
    from: manifest.from,
    to: manifest.to,
    request: requestText('tenant', tx.tenantId, request),
    texts: [
      text(BUNDLE_FILES.manifest, formatBundleManifest(manifest)),
      text(BUNDLE_FILES.checkpoint, checkpoint.note),
      ...(since?.texts ?? []),
      ...heads.texts,
      ...(context.policy === null ? [] : [text(BUNDLE_FILES.policy, context.policy)]),
    ],
    began: (await queries.size(tx)).toString(),
  };
}

async function publishedHead(
  tx: SqlTx,
  queries: LedgerQueries,
): Promise<{ readonly checkpoint: CheckpointRecord; readonly texts: readonly BundleText[] }> {
  const heads = new HeadsQueries();
  const log = await queries.log(tx);
  const head = log === null ? null : await heads.newestHeadOf(tx, log.origin);
  const published = head === null ? null : await heads.checkpointAt(tx, head.headsSize);
  const checkpoint = head === null ? null : await queries.checkpointAt(tx, head.treeSize);
  if (head === null || published === null || checkpoint === null) throw notPublished();
  const { note, size } = published;
  const hashes = await heads.inclusionProof(tx, head.index, size);
  const proof = formatTlogProof({ index: head.index, hashes, checkpoint: note });
  const texts = [text(BUNDLE_FILES.headsCheckpoint, note), text(BUNDLE_FILES.headProof, proof)];
  return { checkpoint, texts: [...texts, ...tokenTexts(await heads.anchors(tx, size))] };
}

/** `checkpoint.old` and the proof that the ledger only grew since. */
async function sinceParts(
  tx: SqlTx,
  note: string,
  now: CheckpointRecord,
): Promise<{ readonly size: bigint; readonly texts: readonly BundleText[] }> {
  const end = note.lastIndexOf('\n\n');
  const old = end < 0 ? null : parseCheckpoint(note.slice(0, end + 1));
  if (old === null) throw badRequest('The earlier checkpoint is not a signed checkpoint.');
  if (old.origin !== now.origin) {
    throw badRequest(`The earlier checkpoint is of the log ${old.origin}, not ${now.origin}.`);
  }
  if (old.size > now.size) {
    throw badRequest(
      `The earlier checkpoint has size ${old.size}; the newest that can be exported has ${now.size}.`,
    );
  }
  const root = await new StoredTree(ledgerTiles(tx), old.size).root();
  if (!sameBytes(root, old.root)) {
    throw new AppError('STORE_FORKED', {
      publicMessage: `The ledger is not the one of the earlier checkpoint: its first ${old.size} entries have another root.`,
      hint: 'Keep both: one of them was changed. See docs/operations.md.',
    });
  }
  const proof = await new StoredTree(ledgerTiles(tx), now.size).consistencyProof(old.size);
  return {
    size: old.size,
    texts: [
      text(BUNDLE_FILES.oldCheckpoint, note),
      text(BUNDLE_FILES.consistency, formatHashLines(proof)),
    ],
  };
}

export function rangeOf(
  request: ExportRequest,
  size: bigint,
  start: bigint,
): { readonly from: bigint; readonly to: bigint } {
  const from = request.from ?? start;
  const to = request.to ?? size;
  if (from >= 0n && from <= to && to <= size) return { from, to };
  throw badRequest(
    `There is no range from ${from} to ${to}: the newest checkpoint that can be exported has ${size} entries.`,
  );
}

/** Time stamps, by name as a verifier reads them; of the same authority the first. */
export function tokenTexts(anchors: readonly AnchorRecord[]): BundleText[] {
  const tokens = new Map<string, BundleText>();
  for (const { evidence, kind, who } of anchors) {
    const path = kind === 'timestamp' ? anchorPath(who) : null;
    if (path !== null && !tokens.has(path)) tokens.set(path, text(path, evidence));
  }
  const sorted = [...tokens.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return sorted.slice(0, TOKENS_MAX);
}

export function text(path: string, content: string | Uint8Array): BundleText {
  return { path, content: Buffer.from(content).toString('base64') };
}

export function badRequest(publicMessage: string): AppError {
  return new AppError('BAD_REQUEST', {
    publicMessage,
    hint: 'See `countersign export --help`.',
  });
}

function notPublished(): AppError {
  return new AppError('NOT_PUBLISHED', {
    publicMessage:
      'No checkpoint of this ledger lies in a published checkpoint of the log of heads yet.',
    hint: 'The service publishes within seconds while it runs; with a witness policy, once the quorum has cosigned.',
  });
}
