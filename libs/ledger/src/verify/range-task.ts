import type { TenantId } from '@countersign/kernel';
import type { SubtreeNode } from './subtrees.js';

/**
 * How deep a check goes. `hashes`: every leaf hash from the entry's bytes, tree, tiles and heads. `headers`: also each
 * entry's form, chain, columns and times. `payloads`: also payloads, disclosures, evidence, deliveries and indexes.
 */
export type VerifyLevel = 'hashes' | 'headers' | 'payloads';

export const VERIFY_LEVELS: readonly VerifyLevel[] = ['hashes', 'headers', 'payloads'];

/** Leaves of one piece of work: a perfect subtree, which is one full tile of level 1. */
export const RANGE_LEAVES = 65_536;

/** One piece of a ledger to verify by itself. Survives a structured clone. */
export interface RangeTask {
  readonly tenantId: TenantId;
  /** A multiple of RANGE_LEAVES. */
  readonly from: number;
  /** Exclusive; at most `from` + RANGE_LEAVES, and less only at the end of the ledger. */
  readonly to: number;
  readonly level: VerifyLevel;
  /** Sizes, ascending and from < size <= to, at which the tree is asked for. */
  readonly marks: readonly number[];
}

/** The first thing found wrong. */
export interface LiveFault {
  /** The first sequence at fault; for a fault of the whole tree, its size. */
  readonly sequence: bigint;
  /** Stable name of the rule that is broken. */
  readonly rule: string;
  readonly expected: string;
}

/** What a range is, for the seams and for the whole. Survives a structured clone. */
export interface RangeResult {
  readonly fault: LiveFault | null;
  /** The range as perfect subtrees, left to right. */
  readonly nodes: readonly SubtreeNode[];
  /** The same for the range cut at each mark. */
  readonly marks: readonly { readonly size: number; readonly nodes: readonly SubtreeNode[] }[];
  /** The leaf hash (hex) that the first entry was held against, and its `recordedAt`; null at level `hashes`. */
  readonly first: EntrySeam | null;
  /** Of the last entry; `recordedAt` is empty at level `hashes`. */
  readonly last: EntrySeam | null;
}

export interface EntrySeam {
  readonly hash: string;
  readonly recordedAt: string;
}

/** Whatever does the ranges: this thread, or a pool of others. */
export interface RangeRunner {
  /** How many ranges are worth having under way at once. */
  readonly concurrency: number;
  run(task: RangeTask): Promise<RangeResult>;
  close(): Promise<void>;
}
