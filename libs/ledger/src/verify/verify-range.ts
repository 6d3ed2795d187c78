import { ENTRY_BYTES_MAX, NO_PREVIOUS, toHex } from '@countersign/chain';
import type { CopyRow, SnapshotTx } from '@countersign/database';
import { field } from '../export/entry-pages.js';
import type { Contents } from '../sealing/contents.js';
import { HeaderCheck } from './header-check.js';
import {
  loadDisclosures,
  openRow,
  type OpenedRow,
  type SealedDisclosure,
} from './range-contents.js';
import { COLUMN, idOf, sealedOf, selectRows, sequenceOf } from './range-rows.js';
import { RangeTiles } from './range-tiles.js';
import type { EntrySeam, LiveFault, RangeResult, RangeTask } from './range-task.js';
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
  readonly #headers: HeaderCheck | null;
  readonly #marks: { size: number; nodes: SubtreeNode[] }[] = [];
  #first: EntrySeam | null = null;

  constructor(
    private readonly task: RangeTask,
    private readonly tiles: RangeTiles,
    private readonly previousHash: string,
    private readonly contents: Contents,
  ) {
    const { from, level, tenantId } = task;
    this.#headers = level === 'hashes' ? null : new HeaderCheck(tenantId);
    tiles.last.write(previousHash, 'hex');
    if (previousHash.length === NO_PREVIOUS.length) return;
    this.#fail(
      from,
      'PREVIOUS_HASH_MISMATCH',
      `the hash of an entry before, found ${previousHash}`,
    );
  }

  /** Takes the next stored row. */
  take(row: CopyRow): void {
    if (this.fault !== null) return;
    const sequence = this.tiles.end;
    const canonical = field(row, COLUMN.canonical);
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
    const { tiles } = this;
    canonical.copy(scratch, 1);
    const stored = field(row, COLUMN.leafHash);
    if (!tiles.hash(scratch.subarray(0, 1 + canonical.byteLength), stored)) {
      const expected = `${toHex(stored)}, expected ${toHex(tiles.next)}`;
      this.#fail(sequence, 'LEAF_HASH_MISMATCH', expected);
      return;
    }
    if (this.#headers !== null && !this.#header(this.#headers, sequence, row)) return;
    this.fault = tiles.take();
    const next = this.task.marks[this.#marks.length];
    if (next === sequence + 1) this.#marks.push({ size: next, nodes: tiles.nodes() });
  }

  /** False when the entry breaks a rule. */
  #header(check: HeaderCheck, sequence: number, row: CopyRow): boolean {
    const { tiles } = this;
    let opened: OpenedRow | null = null;
    if (this.task.level === 'payloads') {
      const disclosures = this.disclosures.get(sequence) ?? [];
      opened = openRow(this.contents, idOf(row), sealedOf(row), disclosures);
      if (opened.broken !== null) {
        const expected = `what was sealed for this row of ${opened.broken}`;
        return this.#fail(sequence, 'SEAL_BROKEN', expected);
      }
    }
    const verdict = check.take(row, sequence, tiles.last, tiles.next, opened?.record ?? null);
    if (verdict !== null) {
      return this.#fail(sequence, verdict.code, `${verdict.found}, expected ${verdict.expected}`);
    }
    const missing = opened?.missing ?? null;
    if (missing !== null) return this.#fail(sequence, missing.rule, missing.expected);
    this.#first ??= { hash: this.previousHash, recordedAt: check.recordedAt };
    return true;
  }

  finish(): RangeResult {
    const { from, to } = this.task;
    const { end } = this.tiles;
    if (this.fault === null && end !== to) {
      this.#fail(end, 'SEQUENCE_MISMATCH', `sequence ${end}, found none up to ${to}`);
    }
    const recordedAt = this.#headers?.recordedAt ?? '';
    return {
      fault: this.fault,
      nodes: this.tiles.nodes(),
      marks: this.#marks,
      first: this.#first,
      last: end === from ? null : { hash: toHex(this.tiles.last), recordedAt },
    };
  }

  #fail(sequence: number, rule: string, expected: string): false {
    this.fault = { sequence: BigInt(sequence), rule, expected };
    return false;
  }
}
