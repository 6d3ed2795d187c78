import { hash } from 'node:crypto';
import {
  ENTRY_BYTES_MAX,
  ENTRY_RULES,
  EntryChain,
  HEADER_RULES,
  NO_PREVIOUS,
  sameBytes,
  toHex,
  type ChainRecord,
} from '@countersign/chain';
import type { CopyRow, SnapshotTx } from '@countersign/database';
import type { Contents } from '../sealing/contents.js';
import { field } from '../export/entry-pages.js';
import { loadDisclosures, openRow, type SealedDisclosure } from './range-contents.js';
import { columnsOf, sealedOf, selectRows, sequenceOf } from './range-rows.js';
import type { EntrySeam, LiveFault, RangeResult, RangeTask } from './range-task.js';
import { RangeTiles } from './range-tiles.js';
import type { SubtreeNode } from './subtrees.js';

/** Entries whose disclosures are held at once. */
const CONTENTS_PAGE = 4_096;

/**
 * Verifies one range of a ledger at the transaction's snapshot: it streams the rows and keeps none. What it cannot see,
 * the seams to its neighbours and the tree above it, is left to whoever joins the results. Stops at the first fault.
 */
export async function verifyRange(
  tx: SnapshotTx,
  task: RangeTask,
  contents: Contents,
): Promise<RangeResult> {
  const { from, level, tenantId, to } = task;
  const tiles = await RangeTiles.load(tx, from, to);
  const previousHash = level === 'hashes' || from === 0 ? NO_PREVIOUS : await leafBefore(tx, from);
  const check = new RangeCheck(task, tiles, previousHash, contents);
  const step = level === 'payloads' ? CONTENTS_PAGE : to - from;
  for (let at = from; at < to && check.fault === null; at += step) {
    const end = Math.min(at + step, to);
    if (level === 'payloads') check.disclosures = await loadDisclosures(tx, at, end);
    await tx.copyRows(selectRows(tenantId, level, at, end), (row) => {
      check.take(row);
    });
  }
  return check.finish();
}

async function leafBefore(tx: SnapshotTx, sequence: number): Promise<string> {
  const [row] = await tx.query<{ leaf_hash: Buffer }>(
    'SELECT leaf_hash FROM ledger_entry WHERE tenant_id = $1::uuid AND seq = $2::bigint',
    [tx.tenantId, sequence - 1],
  );
  return row === undefined ? 'nothing' : toHex(row.leaf_hash);
}

/** 0x00 and the entry, as RFC 6962 hashes a leaf; one for all, since hashing is synchronous. */
const scratch = Buffer.alloc(1 + ENTRY_BYTES_MAX);

class RangeCheck {
  fault: LiveFault | null = null;
  /** Of the page under way. */
  disclosures: ReadonlyMap<number, readonly SealedDisclosure[]> = new Map();
  readonly #chain: EntryChain | null;
  readonly #marks: { size: number; nodes: SubtreeNode[] }[] = [];
  #first: EntrySeam | null = null;
  #last: Uint8Array | null = null;

  constructor(
    private readonly task: RangeTask,
    private readonly tiles: RangeTiles,
    private readonly previousHash: string,
    private readonly contents: Contents,
  ) {
    const { from, level, tenantId } = task;
    this.#chain =
      level === 'hashes'
        ? null
        : new EntryChain(
            { sequence: from, previousHash, recordedAt: null, tenant: tenantId },
            Object.values(level === 'headers' ? HEADER_RULES : ENTRY_RULES),
          );
  }

  /** Takes the next stored row. */
  take(row: CopyRow): void {
    if (this.fault !== null) return;
    const sequence = this.tiles.end;
    const canonical = field(row, 1);
    const found = sequenceOf(row);
    if (found !== sequence) {
      this.#fail(sequence, 'SEQUENCE_MISMATCH', `sequence ${sequence}, found ${found}`);
    } else if (canonical.byteLength > ENTRY_BYTES_MAX) {
      this.#fail(sequence, 'ENTRY_TOO_LARGE', `at most ${ENTRY_BYTES_MAX} bytes`);
    } else {
      this.#entry(sequence, canonical, row);
    }
  }

  #entry(sequence: number, canonical: Buffer, row: CopyRow): void {
    scratch.set(canonical, 1);
    const leaf = hash('sha256', scratch.subarray(0, 1 + canonical.byteLength), 'buffer');
    if (!sameBytes(leaf, field(row, 2))) {
      this.#fail(
        sequence,
        'LEAF_HASH_MISMATCH',
        `${toHex(field(row, 2))}, expected ${toHex(leaf)}`,
      );
      return;
    }
    if (this.#chain !== null && !this.#header(this.#chain, sequence, canonical, leaf, row)) return;
    this.fault = this.tiles.push(leaf);
    this.#last = leaf;
    const next = this.task.marks[this.#marks.length];
    if (next === sequence + 1) this.#marks.push({ size: next, nodes: this.tiles.nodes() });
  }

  /** False when the entry breaks a rule. */
  #header(
    chain: EntryChain,
    sequence: number,
    canonical: Buffer,
    leaf: Buffer,
    row: CopyRow,
  ): boolean {
    const columns = columnsOf(this.task.tenantId, row);
    let record: ChainRecord = { canonical, columns };
    let after: { readonly rule: string; readonly expected: string } | null = null;
    if (this.task.level === 'payloads') {
      const disclosures = this.disclosures.get(sequence) ?? [];
      const opened = openRow(this.contents, columns.id ?? '', sealedOf(row), disclosures);
      if (opened.broken !== null) {
        const expected = `what was sealed for this row of ${opened.broken}`;
        this.#fail(sequence, 'SEAL_BROKEN', expected);
        return false;
      }
      record = { ...record, ...opened.record };
      after = opened.missing;
    }
    const verdict = chain.push(record, toHex(leaf));
    if (!verdict.ok) {
      this.#fail(sequence, verdict.code, `${verdict.found}, expected ${verdict.expected}`);
      return false;
    }
    if (after !== null) {
      this.#fail(sequence, after.rule, after.expected);
      return false;
    }
    this.#first ??= { hash: this.previousHash, recordedAt: verdict.header.recordedAt };
    return true;
  }

  finish(): RangeResult {
    const { to } = this.task;
    const { end } = this.tiles;
    if (this.fault === null && end !== to) {
      this.#fail(end, 'SEQUENCE_MISMATCH', `sequence ${end}, found none up to ${to}`);
    }
    return {
      fault: this.fault,
      nodes: this.tiles.nodes(),
      marks: this.#marks,
      first: this.#first,
      last:
        this.#last === null
          ? null
          : { hash: toHex(this.#last), recordedAt: this.#chain?.link.recordedAt ?? '' },
    };
  }

  #fail(sequence: number, rule: string, expected: string): void {
    this.fault = { sequence: BigInt(sequence), rule, expected };
  }
}
