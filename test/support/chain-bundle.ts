import {
  BUNDLE_FILES,
  consistencyProof,
  encodeEntryBundle,
  formatBundleManifest,
  formatPayloadLine,
  matchesBundleFilter,
  perfectRoot,
  sha256Hex,
  TILE_WIDTH,
  treeFilePath,
  treeFiles,
  type BundleFilter,
  type BundleManifest,
  type BundleReader,
} from '@countersign/chain';
import type { TestHeads } from './chain-heads.js';
import type { TestEntry, TestLedger } from './chain-ledger.js';

/** A bundle in memory: bytes by path. `files.sha256` is one of them. */
export type BundleFiles = Map<string, Buffer>;

export interface BundleRequest {
  readonly size?: number;
  readonly from?: number;
  readonly to?: number;
  readonly payloads?: 'all' | 'none';
  readonly filter?: BundleFilter | null;
  readonly evidence?: boolean;
  /** Proves consistency from the ledger's checkpoint of this size. */
  readonly since?: number;
  readonly heads?: TestHeads | null;
  /** Time stamps by name. */
  readonly stamps?: ReadonlyMap<string, Buffer>;
  /** Which disclosures of an entry are shown; all by default. */
  readonly disclose?: (entry: TestEntry, path: string) => boolean;
}

/** A bundle of a tenant's ledger, as an export writes it. */
export function ledgerBundle(ledger: TestLedger, request: BundleRequest = {}): BundleFiles {
  const { size = ledger.size, evidence = false, filter = null, heads = null, since } = request;
  const { from = 0, to = size } = request;
  const checkpoint = ledger.checkpoint(size);
  const files: BundleFiles = new Map();
  const manifest: BundleManifest = {
    created: '2026-11-21T12:00:00.000Z',
    evidence,
    filter,
    from,
    kind: 'tenant',
    origin: ledger.origin,
    payloads: filter === null ? (request.payloads ?? 'all') : 'filter',
    size,
    tenant: ledger.tenant,
    to,
    tool: 'countersign test',
  };
  files.set(BUNDLE_FILES.manifest, formatBundleManifest(manifest));
  files.set(BUNDLE_FILES.checkpoint, Buffer.from(checkpoint));
  if (since !== undefined) {
    const proof = consistencyProof(BigInt(since), ledger.leaves(size));
    const lines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`);
    files.set(BUNDLE_FILES.oldCheckpoint, Buffer.from(ledger.checkpoint(since)));
    files.set(BUNDLE_FILES.consistency, Buffer.from(lines.join('')));
  }
  if (heads !== null) {
    const note = heads.checkpoint();
    const leaf = {
      kind: 'head/1',
      origin: ledger.origin,
      root: ledger.root(size),
      size: BigInt(size),
    } as const;
    files.set(BUNDLE_FILES.headsCheckpoint, Buffer.from(note));
    files.set(BUNDLE_FILES.headProof, Buffer.from(heads.proof(leaf, note)));
  }
  for (const [who, token] of request.stamps ?? []) files.set(`heads/anchors/${who}.tsr`, token);
  addTree(files, manifest, ledger.leaves(size), (index) => ledger.entries[index]?.canonical);
  if (manifest.payloads !== 'none') addPayloads(files, manifest, ledger, request);
  return listed(files);
}

/** A bundle of the log of heads. */
export function headsBundle(heads: TestHeads, size = heads.size): BundleFiles {
  const files: BundleFiles = new Map();
  const manifest: BundleManifest = {
    created: '2026-11-21T12:00:00.000Z',
    evidence: false,
    filter: null,
    from: 0,
    kind: 'heads',
    origin: heads.origin,
    payloads: 'none',
    size,
    tenant: null,
    to: size,
    tool: 'countersign test',
  };
  files.set(BUNDLE_FILES.manifest, formatBundleManifest(manifest));
  files.set(BUNDLE_FILES.checkpoint, Buffer.from(heads.checkpoint(size)));
  addTree(files, manifest, heads.hashes(size), (index) => heads.leaves[index]);
  return listed(files);
}

function addTree(
  files: BundleFiles,
  range: BundleManifest,
  leaves: readonly Buffer[],
  entryAt: (index: number) => Buffer | undefined,
): void {
  const levels: Buffer[][] = [[...leaves]];
  for (let row = levels[0] ?? []; row.length >= TILE_WIDTH; row = levels.at(-1) ?? []) {
    const above: Buffer[] = [];
    for (let i = 0; i + TILE_WIDTH <= row.length; i += TILE_WIDTH) {
      above.push(Buffer.from(perfectRoot(row.slice(i, i + TILE_WIDTH))));
    }
    levels.push(above);
  }
  for (const file of treeFiles(range)) {
    const first = file.index * TILE_WIDTH;
    if (file.kind === 'tile') {
      const hashes = levels[file.level]?.slice(first, first + file.width) ?? [];
      files.set(treeFilePath(file), Buffer.concat(hashes));
    } else if (file.kind === 'entries') {
      const entries = Array.from({ length: file.width }, (_, i) => entryAt(first + i));
      const known = entries.filter((entry) => entry !== undefined);
      files.set(treeFilePath(file), encodeEntryBundle(known));
    }
  }
}

function addPayloads(
  files: BundleFiles,
  { from, to, size, filter, evidence }: BundleManifest,
  ledger: TestLedger,
  { disclose = () => true }: BundleRequest,
): void {
  for (const file of treeFiles({ size, from, to })) {
    if (file.kind !== 'payload') continue;
    const first = file.index * TILE_WIDTH;
    const lines = ledger.entries
      .slice(Math.max(first, from), Math.min(first + file.width, to))
      .filter(({ header }) => filter === null || matchesBundleFilter(filter, header))
      .map((entry) =>
        formatPayloadLine({
          sequence: entry.header.seq,
          payload: entry.payload,
          disclosures: entry.disclosures.filter(({ path }) => disclose(entry, path)),
          evidence: evidence ? entry.evidence : undefined,
        }),
      );
    if (lines.length > 0) files.set(treeFilePath(file), Buffer.from(lines.join('')));
  }
}

/**
 * The same files with `files.sha256` made anew, in the order of the format: what somebody who changed a file would do.
 * Files that the format does not know are not listed.
 */
export function listed(files: BundleFiles): BundleFiles {
  const range = JSON.parse(
    files.get(BUNDLE_FILES.manifest)?.toString('utf8') ?? '{"size":0,"from":0,"to":0}',
  ) as BundleManifest;
  const anchors = [...files.keys()].filter((path) => path.startsWith('heads/anchors/')).sort();
  const order = [
    ...[BUNDLE_FILES.manifest, BUNDLE_FILES.checkpoint, BUNDLE_FILES.oldCheckpoint],
    ...[BUNDLE_FILES.consistency, BUNDLE_FILES.headsCheckpoint, BUNDLE_FILES.headProof],
    ...anchors,
    BUNDLE_FILES.policy,
    ...[...treeFiles(range)].map(treeFilePath),
  ];
  const lines = order
    .filter((path) => files.has(path))
    .map((path) => `${sha256Hex(files.get(path) ?? Buffer.alloc(0))}  ${path}\n`);
  const copy = new Map(files);
  copy.set(BUNDLE_FILES.index, Buffer.from(lines.join('')));
  return copy;
}

/** Reads a bundle out of memory, in chunks of random or given size, and counts what was asked for. */
export class MemoryBundle implements BundleReader {
  opened = 0;
  bytesRead = 0;

  constructor(
    private readonly files: ReadonlyMap<string, Uint8Array>,
    private readonly chunkBytes = 64 * 1024,
  ) {}

  open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const bytes = this.files.get(path);
    if (bytes === undefined) return Promise.resolve(null);
    this.opened++;
    return Promise.resolve(this.chunks(Buffer.from(bytes)));
  }

  size(path: string): Promise<number | null> {
    return Promise.resolve(this.files.get(path)?.byteLength ?? null);
  }

  async *list(): AsyncIterable<string> {
    for (const path of this.files.keys()) yield await Promise.resolve(path);
  }

  private async *chunks(bytes: Buffer): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += this.chunkBytes) {
      const chunk = bytes.subarray(at, at + this.chunkBytes);
      this.bytesRead += chunk.length;
      yield await Promise.resolve(chunk);
    }
  }
}
