import { decodeEntry } from '../entry/decode.js';
import { NO_PREVIOUS } from '../entry/header.js';
import { sameBytes, toHex } from '../hash.js';
import { Frontier } from '../tree/frontier.js';
import { leafHash } from '../tree/hashing.js';
import type { ChainFault, ChainRecord } from './record.js';
import { ENTRY_RULES, type EntryRule } from './rules.js';

/** Where a verified stretch ended, and the next may go on. */
export interface ChainPosition {
  readonly frontier: Frontier;
  /** Leaf hash of the last entry, hex; 64 zeros at the start. */
  readonly previousHash: string;
  readonly recordedAt: string | null;
  readonly tenant: string | null;
}

/** A tree head to compare with: from a verified checkpoint, or the store's own head row. */
export interface ExpectedHead {
  readonly size: bigint;
  readonly root: Uint8Array;
}

export interface ChainVerifierOptions {
  /** The tenant the ledger must belong to; when left out, the first entry's, which all must share. */
  readonly tenant?: string;
  /** Go on from here instead of from sequence 0. Trust it only if it comes from an earlier run. */
  readonly from?: ChainPosition;
  /** Heads that the tree must pass through; sizes at or above the start. */
  readonly heads?: readonly ExpectedHead[];
  /** For tests that show each rule to be needed: the rules to apply. */
  readonly rules?: readonly EntryRule[];
}

export interface ChainReport {
  readonly ok: true;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly position: ChainPosition;
}

/**
 * Verifies entries one after another, in constant memory: each is decoded strictly, hashed anew, and held against the
 * rules; the tree grows with them and must meet the expected heads. Stops at the first fault and keeps reporting it.
 */
export class ChainVerifier {
  private readonly frontier: Frontier;
  private readonly heads: ExpectedHead[];
  private readonly rules: readonly EntryRule[];
  private previous: string;
  private recordedAt: string | null;
  private tenant: string | null;
  private fault: ChainFault | null = null;

  constructor(options: ChainVerifierOptions = {}) {
    const { from } = options;
    this.frontier = from?.frontier.clone() ?? Frontier.empty();
    this.previous = from?.previousHash ?? NO_PREVIOUS;
    this.recordedAt = from?.recordedAt ?? null;
    this.tenant = options.tenant ?? from?.tenant ?? null;
    this.heads = [...(options.heads ?? [])].sort((a, b) => (a.size < b.size ? -1 : 1));
    this.rules = options.rules ?? Object.values(ENTRY_RULES);
    this.meetHeads();
  }

  /** Takes the next entry. Returns the first fault of the stretch so far, or null. */
  push(record: ChainRecord): ChainFault | null {
    if (this.fault !== null) return this.fault;
    const sequence = this.frontier.size;
    const decoded = decodeEntry(record.canonical);
    if (!decoded.ok) return (this.fault = { ...decoded, sequence });
    const { header } = decoded;
    const leaf = leafHash(record.canonical);
    const input = {
      record,
      header,
      leafHash: leaf,
      expectedSequence: sequence,
      expectedPrevious: this.previous,
      recordedBefore: this.recordedAt,
      tenant: this.tenant,
    };
    for (const rule of this.rules) {
      const fault = rule(input);
      if (fault !== null) return (this.fault = { ...fault, sequence });
    }
    this.frontier.appendOne(leaf);
    this.previous = toHex(leaf);
    this.recordedAt = header.recordedAt;
    this.tenant = header.tenant;
    this.meetHeads();
    return this.fault;
  }

  /** The verdict. A head beyond the last entry means that entries are missing. */
  finish(): ChainReport | { readonly ok: false; readonly fault: ChainFault } {
    const [ahead] = this.heads;
    if (this.fault === null && ahead !== undefined) {
      const sequence = this.frontier.size;
      const detail = `the ledger ends at size ${sequence}, expected at least ${ahead.size}`;
      this.fault = { code: 'ENTRIES_MISSING', sequence, detail };
    }
    if (this.fault !== null) return { ok: false, fault: this.fault };
    const { frontier } = this;
    const position = {
      frontier: frontier.clone(),
      previousHash: this.previous,
      recordedAt: this.recordedAt,
      tenant: this.tenant,
    };
    return { ok: true, size: frontier.size, root: frontier.root(), position };
  }

  private meetHeads(): void {
    const size = this.frontier.size;
    for (let head = this.heads[0]; head !== undefined && head.size <= size; head = this.heads[0]) {
      this.heads.shift();
      const root = this.frontier.root();
      if (head.size === size && sameBytes(root, head.root)) continue;
      const detail =
        head.size === size
          ? `root ${toHex(root)}, expected ${toHex(head.root)}`
          : `the head of size ${head.size} lies before the start`;
      this.fault ??= { code: 'ROOT_MISMATCH', sequence: size, detail };
    }
  }
}

/**
 * `ChainVerifier` over a whole stream. Without a fault the report holds size and root; what is not covered by a head
 * is consistent in itself and no more.
 */
export async function verifyEntries(
  records: AsyncIterable<ChainRecord> | Iterable<ChainRecord>,
  options: ChainVerifierOptions = {},
): Promise<ReturnType<ChainVerifier['finish']>> {
  const verifier = new ChainVerifier(options);
  for await (const record of records) {
    if (verifier.push(record) !== null) break;
  }
  return verifier.finish();
}
