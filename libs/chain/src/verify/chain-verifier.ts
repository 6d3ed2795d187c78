import { NO_PREVIOUS } from '../entry/header.js';
import { sameBytes, toHex } from '../hash.js';
import { Frontier } from '../tree/frontier.js';
import { leafHash } from '../tree/hashing.js';
import { EntryChain } from './entry-chain.js';
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
  private readonly chain: EntryChain;
  private fault: ChainFault | null = null;

  constructor(options: ChainVerifierOptions = {}) {
    const { from } = options;
    this.frontier = from?.frontier.clone() ?? Frontier.empty();
    const start = {
      sequence: Number(this.frontier.size),
      previousHash: from?.previousHash ?? NO_PREVIOUS,
      recordedAt: from?.recordedAt ?? null,
      tenant: options.tenant ?? from?.tenant ?? null,
    };
    this.chain = new EntryChain(start, options.rules ?? Object.values(ENTRY_RULES));
    this.heads = [...(options.heads ?? [])].sort((a, b) => (a.size < b.size ? -1 : 1));
    this.meetHeads();
  }

  /** Takes the next entry. Returns the first fault of the stretch so far, or null. */
  push(record: ChainRecord): ChainFault | null {
    if (this.fault !== null) return this.fault;
    const leaf = leafHash(record.canonical);
    const verdict = this.chain.push(record, toHex(leaf));
    if (!verdict.ok) return this.fail(verdict.code, verdict.found, verdict.expected);
    this.frontier.appendOne(leaf);
    this.meetHeads();
    return this.fault;
  }

  /** The verdict. A head beyond the last entry means that entries are missing. */
  finish(): ChainReport | { readonly ok: false; readonly fault: ChainFault } {
    const [ahead] = this.heads;
    if (this.fault === null && ahead !== undefined) {
      const found = `the ledger ends at size ${this.frontier.size}`;
      this.fail('ENTRIES_MISSING', found, `at least ${ahead.size}`);
    }
    if (this.fault !== null) return { ok: false, fault: this.fault };
    const { frontier } = this;
    const { previousHash, recordedAt, tenant } = this.chain.link;
    const position = { frontier: frontier.clone(), previousHash, recordedAt, tenant };
    return { ok: true, size: frontier.size, root: frontier.root(), position };
  }

  private meetHeads(): void {
    const size = this.frontier.size;
    for (let head = this.heads[0]; head !== undefined && head.size <= size; head = this.heads[0]) {
      this.heads.shift();
      if (this.fault !== null) continue;
      const root = this.frontier.root();
      if (head.size < size) {
        this.fail('ROOT_MISMATCH', `a start at size ${size}`, `a start before ${head.size}`);
      } else if (!sameBytes(root, head.root)) {
        this.fail('ROOT_MISMATCH', `root ${toHex(root)}`, toHex(head.root));
      }
    }
  }

  private fail(code: ChainFault['code'], found: string, expected: string): ChainFault {
    const detail = `${found}, expected ${expected}`;
    this.fault = { code, sequence: this.frontier.size, found, expected, detail };
    return this.fault;
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
