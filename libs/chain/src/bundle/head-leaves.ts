import { decodeHeadLeaf } from '../heads/decode-head-leaf.js';
import type { Head, KeyRotated, LogPruned } from '../heads/head-leaf.js';
import { verifyRotation } from '../heads/key-rotation.js';
import { sameBytes, toHex } from '../hash.js';
import type { HeadHistory } from './head-history.js';
import { quoted } from './listed-files.js';
import type { Findings } from './report.js';

/** What the log of heads last said about a log. */
export interface LastHead {
  readonly size: bigint;
  readonly root: Uint8Array | null;
  /** Index of the leaf that said it, or opened the log. */
  readonly sequence: number;
}

interface LogState extends LastHead {
  readonly minIndex: bigint;
}

const LOGS_MAX = 500_000;

/** Holds the leaves of a log of heads, from the first on, against what each may say after those before it. */
export class HeadLeaves {
  private readonly logs = new Map<string, LogState>();
  private key: string | null = null;

  constructor(
    private readonly findings: Findings,
    /** Ledgers of which every head is kept. */
    private readonly histories: ReadonlyMap<string, HeadHistory> = new Map(),
  ) {}

  /** By origin, in the order of opening. */
  get heads(): ReadonlyMap<string, LastHead> {
    return this.logs;
  }

  take(sequence: number, bytes: Uint8Array): void {
    const decoded = decodeHeadLeaf(bytes);
    if (!decoded.ok) {
      return this.findings.stop('HEAD_LEAF_KIND', {
        sequence,
        found: `${decoded.code}: ${decoded.detail}`,
        expected: 'a leaf of the log of heads',
      });
    }
    const { leaf } = decoded;
    switch (leaf.kind) {
      case 'log.opened/1': {
        this.opened(sequence, leaf.origin);
        return;
      }
      case 'head/1': {
        this.head(sequence, leaf);
        return;
      }
      case 'log.pruned/1': {
        this.pruned(sequence, leaf);
        return;
      }
      case 'key.rotated/1': {
        this.rotated(sequence, leaf);
        return;
      }
    }
  }

  private opened(sequence: number, origin: string): void {
    if (this.logs.has(origin)) {
      this.findings.fail('LOG_OPENED_TWICE', { sequence, found: quoted(origin), expected: 'once' });
    }
    if (this.logs.size >= LOGS_MAX) {
      const expected = `at most ${LOGS_MAX}`;
      this.findings.stop('HEADS_TOO_MANY_LOGS', { sequence, found: 'one more log', expected });
    }
    this.logs.set(origin, { size: 0n, root: null, minIndex: 0n, sequence });
  }

  private head(sequence: number, { origin, size, root }: Head): void {
    const before = this.known(sequence, origin, 'a head');
    if (size < before.size) {
      const expected = `at least ${before.size}`;
      this.findings.fail('HEAD_SHRANK', { sequence, found: `size ${size} of ${origin}`, expected });
    }
    if (size === before.size && before.root !== null && !sameBytes(root, before.root)) {
      const found = `root ${toHex(root)} of ${origin} at size ${size}`;
      this.findings.fail('HEAD_FORKED', { sequence, found, expected: toHex(before.root) });
    }
    this.histories.get(origin)?.add(size, root);
    this.logs.set(origin, { ...before, size, root, sequence });
  }

  private pruned(sequence: number, { origin, minIndex }: LogPruned): void {
    const before = this.known(sequence, origin, 'a pruning');
    if (minIndex < before.minIndex || minIndex > before.size) {
      this.findings.fail('PRUNED_BEYOND_HEAD', {
        sequence,
        found: `minIndex ${minIndex} of ${origin}`,
        expected: `from ${before.minIndex} to ${before.size}`,
      });
    }
    this.logs.set(origin, { ...before, minIndex });
  }

  private rotated(sequence: number, leaf: KeyRotated): void {
    const { origin, oldKey, newKey } = leaf;
    if (verifyRotation(leaf) === null) {
      const expected = `a signature of ${oldKey}`;
      this.findings.fail('ROTATION_UNSIGNED', {
        sequence,
        found: `one that fails, of ${origin}`,
        expected,
      });
    }
    if (this.key !== null && this.key !== oldKey) {
      this.findings.fail('ROTATION_OF_UNKNOWN_KEY', {
        sequence,
        found: oldKey,
        expected: this.key,
      });
    }
    this.key = newKey;
  }

  private known(sequence: number, origin: string, what: string): LogState {
    const state = this.logs.get(origin);
    if (state !== undefined) return state;
    const expected = 'its opening before it';
    this.findings.fail('HEAD_BEFORE_OPENING', {
      sequence,
      found: `${what} of ${quoted(origin)}`,
      expected,
    });
    return { size: 0n, root: null, minIndex: 0n, sequence };
  }
}
