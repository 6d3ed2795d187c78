import type { DisclosedValue, OpenPayloadCode } from '../payload/open.js';
import type { DecodeEntryCode } from '../entry/decode.js';

/** One stored entry, as a store or an export claims it. What is left out is not checked. */
export interface ChainRecord {
  /** The exact bytes of the entry: the only part that is believed, once it fits the tree. */
  readonly canonical: Uint8Array;
  readonly leafHash?: Uint8Array;
  readonly previousHash?: Uint8Array;
  /** Query columns, which an attacker could edit without touching a hash. */
  readonly columns?: EntryColumns;
  /** Payload bytes; null or absent when withheld. */
  readonly payload?: Uint8Array | null;
  readonly disclosures?: readonly DisclosedValue[];
  /** Salt and received bytes; null or absent when erased, withheld or never there. */
  readonly evidence?: { readonly salt: Uint8Array; readonly bytes: Uint8Array } | null;
}

/** Values kept beside an entry for queries. Digests are hex without `sha256:`. */
export interface EntryColumns {
  readonly sequence?: bigint;
  readonly id?: string;
  readonly tenant?: string;
  readonly type?: string;
  readonly source?: string;
  readonly subject?: string;
  readonly actor?: string;
  readonly delivery?: string;
  readonly occurredAt?: Date;
  readonly recordedAt?: Date;
  readonly payloadDigest?: string;
  readonly evidenceDigest?: string | null;
}

/** Rules over one entry, in the order in which they are applied. */
export type EntryFaultCode =
  | DecodeEntryCode
  | 'TENANT_MISMATCH'
  | 'SEQUENCE_MISMATCH'
  | 'PREVIOUS_HASH_MISMATCH'
  | 'RECORDED_AT_DECREASED'
  | 'LEAF_HASH_MISMATCH'
  | 'COLUMN_MISMATCH'
  | 'PAYLOAD_DIGEST_MISMATCH'
  | OpenPayloadCode
  | 'PAYLOAD_VERSION_UNKNOWN'
  | 'EVIDENCE_UNEXPECTED'
  | 'EVIDENCE_DIGEST_MISMATCH';

/** Rules over the whole stretch. */
export type TreeFaultCode = 'ENTRIES_MISSING' | 'ROOT_MISMATCH';

/** The first thing found wrong. */
export interface ChainFault {
  readonly code: EntryFaultCode | TreeFaultCode;
  /** The entry at fault; for a fault of the tree, its size. */
  readonly sequence: bigint;
  readonly found: string;
  readonly expected: string;
  /** Both in a sentence, for people. */
  readonly detail: string;
}
