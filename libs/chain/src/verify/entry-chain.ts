import { decodeEntry, type DecodeEntryResult } from '../entry/decode.js';
import type { EntryHeader } from '../entry/header.js';
import type { ChainRecord, EntryFaultCode } from './record.js';
import { quickHeader } from './quick-header.js';
import type { EntryRule } from './rules.js';

/** Where the next entry has to follow on. */
export interface EntryLink {
  readonly sequence: number;
  /** Leaf hash of the entry before, hex; 64 zeros at the start. */
  readonly previousHash: string;
  /** Of the entry before; null when it is not known. */
  readonly recordedAt: string | null;
  /** Null: the tenant of the first entry, which all must share. */
  readonly tenant: string | null;
}

export type EntryVerdict =
  | { readonly ok: true; readonly header: EntryHeader }
  | {
      readonly ok: false;
      readonly code: EntryFaultCode;
      readonly found: string;
      readonly expected: string;
    };

/** Holds entries, one after another, against the rules. Knows no tree: leaf hashes come from the caller. */
export class EntryChain {
  private at: EntryLink;

  constructor(
    start: EntryLink,
    private readonly rules: readonly EntryRule[],
  ) {
    this.at = start;
  }

  get link(): EntryLink {
    return this.at;
  }

  /** Takes the next entry and moves on, also past a rule that was left out. `leafHash`: of its bytes, in hex. */
  push(record: ChainRecord, leafHash: string): EntryVerdict {
    const quick = quickHeader(record.canonical);
    const decoded: DecodeEntryResult =
      quick === null ? decodeEntry(record.canonical) : { ok: true, header: quick };
    if (!decoded.ok) {
      return { ok: false, code: decoded.code, found: decoded.detail, expected: 'an entry' };
    }
    const { header } = decoded;
    const { sequence, previousHash, recordedAt, tenant } = this.at;
    const input = {
      record,
      header,
      leafHash,
      expectedSequence: sequence,
      expectedPrevious: previousHash,
      recordedBefore: recordedAt,
      tenant,
    };
    for (const rule of this.rules) {
      const fault = rule(input);
      if (fault !== null) return { ok: false, ...fault };
    }
    this.at = {
      sequence: sequence + 1,
      previousHash: leafHash,
      recordedAt: header.recordedAt,
      tenant: header.tenant,
    };
    return decoded;
  }
}
