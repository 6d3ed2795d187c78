import {
  CONTENT_RULES,
  ENTRY_RULES,
  EntryChain,
  HEADER_RULES,
  toHex,
  type EntryRule,
  type EntryVerdict,
} from '@countersign/chain';
import type { CopyRow } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { field } from '../export/entry-pages.js';
import { PlainEntry } from './plain-entry.js';
import type { OpenedRow } from './range-contents.js';
import { COLUMN, columnsOf, millisOf } from './range-rows.js';

const RULES = {
  header: Object.values(HEADER_RULES),
  contents: Object.values(CONTENT_RULES),
  entry: Object.values(ENTRY_RULES),
} as const satisfies Record<string, readonly EntryRule[]>;

/**
 * Holds the entries of a range, one after another, against the rules over headers, columns and, if given, contents. Most
 * entries agree with their columns byte for byte, which settles all the rules over headers but that of time.
 */
export class HeaderCheck {
  readonly #plain: PlainEntry;
  /** When the entry before was recorded; NaN at the start of the range, which the seam looks at. */
  #recordedMs = Number.NaN;

  constructor(private readonly tenantId: TenantId) {
    this.#plain = new PlainEntry(tenantId);
  }

  /** `recordedAt` of the entry that was taken last; empty before the first. */
  get recordedAt(): string {
    return Number.isNaN(this.#recordedMs) ? '' : new Date(this.#recordedMs).toISOString();
  }

  /**
   * Takes the next row, whose hash is `leafHash`; `previous`: that of the entry before. `contents`: what was opened, null
   * when it is not looked at. Returns the first rule that is broken, or null.
   */
  take(
    row: CopyRow,
    sequence: number,
    previous: Buffer,
    leafHash: Buffer,
    contents: OpenedRow['record'] | null,
  ): Extract<EntryVerdict, { ok: false }> | null {
    const recordedMs = millisOf(field(row, COLUMN.recordedAt));
    const plain = !(recordedMs < this.#recordedMs) && this.#plain.matches(row, sequence, previous);
    if (plain && contents === null) {
      this.#recordedMs = recordedMs;
      return null;
    }
    const start = {
      sequence,
      previousHash: toHex(previous),
      recordedAt: plain || this.recordedAt === '' ? null : this.recordedAt,
      tenant: this.tenantId,
    };
    const rules = contents === null ? RULES.header : plain ? RULES.contents : RULES.entry;
    const canonical = field(row, COLUMN.canonical);
    const columns = plain ? {} : columnsOf(this.tenantId, row);
    const chain = new EntryChain(start, rules);
    const verdict = chain.push({ canonical, columns, ...contents }, toHex(leafHash));
    if (!verdict.ok) return verdict;
    this.#recordedMs = plain ? recordedMs : Date.parse(verdict.header.recordedAt);
    return null;
  }
}
