import { NO_PREVIOUS, type EntryHeader } from '../entry/header.js';
import { HASH_BYTES, sha256Hex } from '../hash.js';
import { decodeEntryBundle, ENTRY_BUNDLE_BYTES_MAX } from '../tlog/entry-bundle.js';
import { TILE_WIDTH } from '../tree/tiles.js';
import { EntryChain } from '../verify/entry-chain.js';
import { HEADER_RULES, type EntryRule } from '../verify/rules.js';
import { matchesBundleFilter } from './filter.js';
import { treeFilePath, type TreeFile } from './layout.js';
import type { ListedFiles } from './listed-files.js';
import type { BundleManifest } from './manifest.js';
import type { Findings } from './report.js';

/** An entry that the bundle has to disclose. */
export interface CoveredEntry {
  readonly canonical: Uint8Array;
  readonly header: EntryHeader;
  readonly leafHash: string;
}

/** Takes one entry of the range, proven to be in the tree. */
export type TakeEntry = (sequence: number, canonical: Uint8Array, leafHash: string) => void;

/**
 * Reads one bundle of entries and proves every entry to have its leaf's hash; hands over those within the range. Entries
 * around the range are there because bundles are whole; they are hashed and no more.
 */
export async function checkEntryBundle(
  file: TreeFile,
  leafHashes: Buffer,
  { from, to }: BundleManifest,
  files: ListedFiles,
  findings: Findings,
  take: TakeEntry,
): Promise<void> {
  const listed = await files.take(treeFilePath(file), ENTRY_BUNDLE_BYTES_MAX);
  const first = file.index * TILE_WIDTH;
  const entries = decodeEntryBundle(listed.bytes);
  if (entries?.length !== file.width || leafHashes.length !== file.width * HASH_BYTES) {
    return findings.stop('ENTRY_COUNT', {
      sequence: first,
      found: entries === null ? 'a broken bundle' : `${entries.length} entries`,
      expected: String(file.width),
    });
  }
  const expected = leafHashes.toString('hex');
  let i = -1;
  for (const entry of entries) {
    i++;
    const leaf = leafHashOf(listed.bytes, entry);
    const at = i * 2 * HASH_BYTES;
    if (!expected.startsWith(leaf, at)) {
      findings.fail('LEAF_HASH_MISMATCH', {
        sequence: first + i,
        found: leaf,
        expected: expected.slice(at, at + 2 * HASH_BYTES),
      });
    }
    if (first + i >= from && first + i < to) take(first + i, entry, leaf);
  }
  listed.settle();
}

/**
 * SHA-256(0x00 || entry) without a copy: the byte before an entry is the end of its length, which has been read and is
 * made the prefix. The length is put back, so that the bytes stay what they were.
 */
function leafHashOf(bundle: Buffer, entry: Uint8Array): string {
  const at = entry.byteOffset - bundle.byteOffset;
  const length = bundle[at - 1] ?? 0;
  bundle[at - 1] = 0x00;
  const leaf = sha256Hex(bundle.subarray(at - 1, at + entry.byteLength));
  bundle[at - 1] = length;
  return leaf;
}

/** Holds the entries of a ledger against the rules, and keeps those of one block that must be disclosed. */
export class LedgerEntries {
  private readonly chain: EntryChain;
  private covered: CoveredEntry[] = [];

  constructor(
    private readonly manifest: BundleManifest,
    /** Leaf hash of the entry before the first, hex. */
    previousHash: string | null,
    rules: readonly EntryRule[] | undefined,
    private readonly findings: Findings,
  ) {
    this.chain = new EntryChain(
      {
        sequence: manifest.from,
        previousHash: previousHash ?? NO_PREVIOUS,
        recordedAt: null,
        tenant: manifest.tenant,
      },
      rules ?? Object.values(HEADER_RULES),
    );
  }

  take(sequence: number, canonical: Uint8Array, leafHash: string): void {
    const verdict = this.chain.push({ canonical }, leafHash);
    if (!verdict.ok) {
      const { code, found, expected } = verdict;
      return this.findings.stop(code, { sequence, found, expected });
    }
    const { header } = verdict;
    const { payloads, filter } = this.manifest;
    if (payloads === 'none') return;
    if (filter !== null && !matchesBundleFilter(filter, header)) return;
    this.covered.push({ canonical, header, leafHash });
  }

  /** The entries since the last call that the bundle must disclose. */
  drain(): readonly CoveredEntry[] {
    const { covered } = this;
    this.covered = [];
    return covered;
  }
}
