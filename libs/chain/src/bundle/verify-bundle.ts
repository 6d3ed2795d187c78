import { toHex } from '../hash.js';
import { NOTE_BYTES_MAX } from '../note/signed-note.js';
import { TILE_BYTES, TILE_WIDTH } from '../tree/tiles.js';
import { checkCheckpoint, type SignedHead } from './checkpoint-check.js';
import { checkKnown, checkOldCheckpoint, type KnownCheck } from './consistency-check.js';
import { checkEntryBundle, LedgerEntries } from './entries-check.js';
import type { HeadHistory } from './head-history.js';
import { HeadLeaves, type LastHead } from './head-leaves.js';
import { HeadTrees, type ContradictedHead } from './head-trees.js';
import { checkHeads, checkQuorum } from './heads-check.js';
import { BUNDLE_FILES, treeFilePath, treeFiles } from './layout.js';
import { ListedFiles, quoted } from './listed-files.js';
import { parseBundleManifest, type BundleManifest } from './manifest.js';
import type { BundleOptions } from './options.js';
import { checkPayloads } from './payloads-check.js';
import type { BundleReader } from './reader.js';
import { Findings, Stopped, type BundleReport } from './report.js';
import { checkTimestamps } from './timestamps-check.js';
import { EarlierTree, TreeWalk, type TileWatcher } from './tree-walk.js';

/** A verification that went through, for whoever compares bundles with one another. */
export interface VerifiedBundle {
  readonly report: BundleReport;
  /** Of a log of heads: what it last said about each log. */
  readonly heads: ReadonlyMap<string, LastHead>;
  /** Roots of the earlier trees that were asked for; null where the bundle does not show them. */
  readonly earlierRoots: ReadonlyMap<bigint, Uint8Array | null>;
  /** The first head of `history` that the tree contradicts. */
  readonly contradicted: ContradictedHead | null;
}

/** What else is to be found out on the way. */
export interface Inspection {
  /** Earlier trees whose roots are wanted. */
  readonly sizes: readonly bigint[];
  /** Of a log of heads: fills these, by origin. */
  readonly histories?: ReadonlyMap<string, HeadHistory>;
  /** Of a ledger: every head that was said of it. */
  readonly history?: HeadHistory | undefined;
}

/**
 * Verifies a bundle against pinned keys: every byte of every file, the tree up to the signed root, every rule over
 * entries and contents, and that nothing is missing which the bundle says it holds. Reads each file once, in the listed
 * order; memory does not grow with the ledger. Never throws for what a bundle holds; what the reader throws passes
 * through.
 */
export async function verifyBundle(
  reader: BundleReader,
  options: BundleOptions,
): Promise<BundleReport> {
  return (await inspectBundle(reader, options, { sizes: [] })).report;
}

/** `verifyBundle`, and how the tree was at earlier sizes. */
export async function inspectBundle(
  reader: BundleReader,
  options: BundleOptions,
  { sizes, histories, history }: Inspection,
): Promise<VerifiedBundle> {
  const findings = new Findings(options.without);
  const trees = new Map(sizes.map((size) => [size, new EarlierTree(Number(size))]));
  const leaves = new HeadLeaves(findings, histories);
  const said = history === undefined ? null : new HeadTrees(history);
  const watchers = said === null ? [...trees.values()] : [...trees.values(), said];
  try {
    await new Verification(reader, options, findings, watchers, leaves).run();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  const earlierRoots = new Map([...trees].map(([size, tree]) => [size, tree.root()]));
  const contradicted = said?.finish() ?? null;
  return { report: findings.report(), heads: leaves.heads, earlierRoots, contradicted };
}

class Verification {
  constructor(
    private readonly reader: BundleReader,
    private readonly options: BundleOptions,
    private readonly findings: Findings,
    private readonly trees: readonly TileWatcher[],
    private readonly leaves: HeadLeaves,
  ) {}

  async run(): Promise<void> {
    const { options, findings } = this;
    const { policy } = options;
    const files = await ListedFiles.open(this.reader, findings);
    const manifest = await this.readManifest(files);
    const head = await checkCheckpoint(files, manifest, policy, findings);
    const { size, root } = head.checkpoint;
    Object.assign(findings.subject, { size, root: toHex(root) });
    await checkOldCheckpoint(files, head, policy, findings);
    const isHeads = manifest.kind === 'heads';
    const heads = isHeads ? head : await checkHeads(files, head, policy, findings);
    const known = checkKnown(options.known, head, isHeads ? null : heads, policy, findings);
    checkQuorum(heads, policy, findings);
    await checkTimestamps(files, heads?.note ?? null, options, findings);
    if (await files.next(BUNDLE_FILES.policy)) {
      (await files.take(BUNDLE_FILES.policy, NOTE_BYTES_MAX)).settle();
    }
    await this.checkTree(files, manifest, head, known);
    known.settle();
    findings.absent('consistency', 'no earlier checkpoint was given');
    await this.checkNothingElse(files);
    findings.pass('manifest', `${files.count + 1} files`);
  }

  private async readManifest(files: ListedFiles): Promise<BundleManifest> {
    const { findings } = this;
    const file = await files.take(BUNDLE_FILES.manifest, 1024 * 1024);
    const read = parseBundleManifest(file.bytes);
    if (!read.ok) {
      return findings.stop('MANIFEST_MALFORMED', { found: read.detail, expected: 'a manifest' });
    }
    file.settle();
    const { kind, origin, tenant, from, to } = read.manifest;
    Object.assign(findings.subject, { kind, origin, tenant, from: BigInt(from), to: BigInt(to) });
    return read.manifest;
  }

  private async checkTree(
    files: ListedFiles,
    manifest: BundleManifest,
    head: SignedHead,
    known: KnownCheck,
  ): Promise<void> {
    const { options, findings, leaves } = this;
    const { from, to, kind, payloads } = manifest;
    const earlier = known.earlier === null ? this.trees : [...this.trees, known.earlier];
    const walk = new TreeWalk(findings, earlier, from - 1);
    let entries: LedgerEntries | null = null;
    let edgeOpen = true;
    for (const file of treeFiles({ size: head.size, from, to })) {
      const path = treeFilePath(file);
      if (edgeOpen && (file.kind !== 'tile' || file.width === TILE_WIDTH)) {
        walk.closeEdge(head.checkpoint.root);
        edgeOpen = false;
      }
      if (file.kind === 'tile') {
        const tile = await files.take(path, TILE_BYTES);
        if (file.width < TILE_WIDTH) walk.takeEdge(file, tile.bytes);
        else walk.takeFull(file, tile.bytes);
        tile.settle();
      } else if (file.kind === 'entries') {
        entries ??= new LedgerEntries(manifest, walk.keptHash, options.rules, findings);
        const ledger = entries;
        await checkEntryBundle(
          file,
          walk.leafHashes(file.index),
          manifest,
          files,
          findings,
          (sequence, bytes, leaf) => {
            if (kind === 'heads') leaves.take(sequence, bytes);
            else ledger.take(sequence, bytes, leaf);
            findings.subject.entries++;
          },
        );
        options.onProgress?.(findings.subject.entries, BigInt(to - from));
      } else if (payloads !== 'none') {
        const covered = entries?.drain() ?? [];
        await checkPayloads(path, covered, manifest, files, options.rules, findings);
      }
    }
    if (edgeOpen) walk.closeEdge(head.checkpoint.root);
    this.concludeTree(manifest, head);
  }

  private concludeTree(
    { kind, from, to, payloads, filter }: BundleManifest,
    head: SignedHead,
  ): void {
    const { findings } = this;
    const range = `entries ${from} to ${to} of ${head.size}`;
    findings.pass('tree', `${range} lead to the signed root`);
    if (kind === 'heads') {
      if (from > 0 || to < head.size) {
        findings.fail('HEADS_NOT_WHOLE', { found: range, expected: `0 to ${head.size}` });
      }
      findings.pass('heads', `${this.leaves.heads.size} logs`);
      for (const name of ['headers', 'chain', 'payloads'] as const) {
        findings.absent(name, 'a log of heads has none');
      }
    } else {
      findings.pass('headers', `${to - from} entries`);
      findings.pass('chain', `${to - from} links`);
      if (payloads === 'none') findings.absent('payloads', 'the bundle discloses none');
      else findings.pass('payloads', `${findings.subject.payloads} disclosed`);
    }
    const shown = filter === null ? payloads : 'that match the filter';
    findings.pass('completeness', `all headers of ${range}; payloads: ${shown}`);
  }

  private async checkNothingElse(files: ListedFiles): Promise<void> {
    const { findings } = this;
    const more = await files.peek();
    if (more !== null) {
      findings.stop('FILE_UNLISTED', { found: more, expected: 'the end of files.sha256' });
    }
    // Every listed file was opened by its own name, so whatever exceeds their number was never looked at.
    let there = 0;
    const sample: string[] = [];
    for await (const path of this.reader.list()) {
      there++;
      if (sample.length < 3) sample.push(path);
      if (there > files.count + 1) break;
    }
    if (there === files.count + 1) return;
    const expected = `${files.count + 1} files`;
    findings.fail('FILE_EXTRA', {
      found: `more, among them ${quoted(sample.join(' '))}`,
      expected,
    });
  }
}
