import type { EntryHeader } from '../entry/header.js';
import { sha256Hex, toHex } from '../hash.js';
import { isJsonObject } from '../json/json.js';
import { evidenceDigest, SALT_BYTES } from '../payload/commitment.js';
import { openPayload, readPayload } from '../payload/open.js';
import type { ChainRecord, EntryColumns, EntryFaultCode } from './record.js';

/** What a rule sees: the record, its decoded header, and what the entries before led to expect. */
export interface RuleInput {
  readonly record: ChainRecord;
  readonly header: EntryHeader;
  /** Recomputed from the bytes, in hex. */
  readonly leafHash: string;
  readonly expectedSequence: number;
  readonly expectedPrevious: string;
  /** `recordedAt` of the entry before; null at the start. */
  readonly recordedBefore: string | null;
  /** Null when any tenant will do, as long as it stays the same. */
  readonly tenant: string | null;
}

export interface RuleFault {
  readonly code: EntryFaultCode;
  readonly found: string;
  readonly expected: string;
}
export type EntryRule = (input: RuleInput) => RuleFault | null;

/** The rules over a decoded entry and what stands beside it, in a sceptic's order: cheapest and most telling first. */
export const HEADER_RULES = {
  tenant: ({ header, tenant }) =>
    tenant === null || header.tenant === tenant
      ? null
      : { code: 'TENANT_MISMATCH', found: `of tenant ${header.tenant}`, expected: tenant },

  sequence: ({ header, expectedSequence }) =>
    header.seq === expectedSequence
      ? null
      : {
          code: 'SEQUENCE_MISMATCH',
          found: `seq ${header.seq}`,
          expected: String(expectedSequence),
        },

  previousHash: ({ header, record, expectedPrevious }) => {
    const column =
      record.previousHash === undefined ? expectedPrevious : toHex(record.previousHash);
    if (header.prev === expectedPrevious && column === expectedPrevious) return null;
    const found = header.prev === expectedPrevious ? column : header.prev;
    return {
      code: 'PREVIOUS_HASH_MISMATCH',
      found: `previous hash ${found}`,
      expected: expectedPrevious,
    };
  },

  // Both times are of one fixed form, so that text order is time order.
  recordedAt: ({ header, recordedBefore }) =>
    recordedBefore === null || header.recordedAt >= recordedBefore
      ? null
      : {
          code: 'RECORDED_AT_DECREASED',
          found: header.recordedAt,
          expected: `at least ${recordedBefore}`,
        },

  leafHash: ({ record, leafHash }) => {
    const column = record.leafHash === undefined ? leafHash : toHex(record.leafHash);
    return column === leafHash
      ? null
      : { code: 'LEAF_HASH_MISMATCH', found: column, expected: leafHash };
  },

  columns: ({ header, record }) => {
    const column = record.columns === undefined ? null : differingColumn(header, record.columns);
    return column === null ? null : { code: 'COLUMN_MISMATCH', ...column };
  },
} as const satisfies Record<string, EntryRule>;

/** The rules over the contents that an entry names by digest; each holds where its content is withheld. */
export const CONTENT_RULES = {
  payloadDigest: ({ header, record }) => {
    if (record.payload === undefined || record.payload === null) return null;
    const digest = `sha256:${sha256Hex(record.payload)}`;
    return digest === header.payload
      ? null
      : { code: 'PAYLOAD_DIGEST_MISMATCH', found: digest, expected: header.payload };
  },

  payload: ({ record }) => {
    if (record.payload === undefined || record.payload === null) return null;
    const disclosures = record.disclosures ?? [];
    // Without a disclosure there is nothing to hold against a commitment.
    const opened =
      disclosures.length === 0
        ? readPayload(record.payload)
        : openPayload(record.payload, disclosures);
    if (!opened.ok) {
      return { code: opened.code, found: opened.detail, expected: 'what was committed' };
    }
    return isJsonObject(opened.value) && opened.value['v'] === 1
      ? null
      : {
          code: 'PAYLOAD_VERSION_UNKNOWN',
          found: 'another payload',
          expected: 'an object with v 1',
        };
  },

  evidence: ({ header, record }) => {
    if (record.evidence === undefined || record.evidence === null) return null;
    if (header.evidence === undefined) {
      return { code: 'EVIDENCE_UNEXPECTED', found: 'evidence', expected: 'none: none is named' };
    }
    const { salt, bytes } = record.evidence;
    const digest = salt.byteLength === SALT_BYTES ? evidenceDigest(salt, bytes) : 'a wrong salt';
    return `sha256:${digest}` === header.evidence
      ? null
      : { code: 'EVIDENCE_DIGEST_MISMATCH', found: digest, expected: header.evidence };
  },
} as const satisfies Record<string, EntryRule>;

/** The rules over one decoded entry, by name and in order. */
export const ENTRY_RULES = { ...HEADER_RULES, ...CONTENT_RULES } as const;

const TEXT_COLUMNS = ['id', 'tenant', 'type', 'source', 'subject', 'actor', 'delivery'] as const;

/** The first column that says something else than the hashed header, or null. */
function differingColumn(
  header: EntryHeader,
  columns: EntryColumns,
): { readonly found: string; readonly expected: string } | null {
  for (const name of TEXT_COLUMNS) {
    const value = columns[name];
    if (value !== undefined && value !== header[name]) {
      return {
        found: `${name} ${JSON.stringify(value)}`,
        expected: JSON.stringify(header[name]),
      };
    }
  }
  for (const name of ['occurredAt', 'recordedAt'] as const) {
    const value = columns[name];
    if (value !== undefined && value.getTime() !== Date.parse(header[name])) {
      return { found: `${name} ${value.toISOString()}`, expected: header[name] };
    }
  }
  if (columns.sequence !== undefined && columns.sequence !== BigInt(header.seq)) {
    return { found: `sequence ${columns.sequence}`, expected: String(header.seq) };
  }
  if (columns.payloadDigest !== undefined && `sha256:${columns.payloadDigest}` !== header.payload) {
    return { found: `payload digest ${columns.payloadDigest}`, expected: header.payload };
  }
  if (columns.evidenceDigest !== undefined) {
    const expected = header.evidence ?? 'none';
    const value = columns.evidenceDigest === null ? 'none' : `sha256:${columns.evidenceDigest}`;
    if (value !== expected) return { found: `evidence digest ${value}`, expected };
  }
  return null;
}
