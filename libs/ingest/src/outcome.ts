import type { QuarantineReason } from './reading.js';

/** In the ledger, durably. `sequence` is the first delivery's when `duplicate`. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly sequence: bigint;
  readonly duplicate: boolean;
}

/** In the ledger with its bytes, but not understood. */
export interface Quarantined {
  readonly kind: 'quarantined';
  readonly id: string;
  readonly sequence: bigint;
  readonly reason: QuarantineReason;
  readonly detail: string;
  readonly duplicate: boolean;
}

/** The delivery id was used before with other content. The first stands; this one is kept as `delivery.conflict`. */
export interface Conflict {
  readonly kind: 'conflict';
  readonly firstSequence: bigint;
}

export type UnauthenticCode =
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_MALFORMED'
  | 'SIGNATURE_INVALID'
  | 'TIMESTAMP_STALE'
  | 'NO_LIVE_SECRET';

/** Nothing was kept but a count. */
export interface Unauthentic {
  readonly kind: 'unauthentic';
  readonly code: UnauthenticCode;
  readonly message: string;
  readonly hint: string;
}

/** Nothing was recorded; the sender should try again. */
export interface Overloaded {
  readonly kind: 'overloaded';
  readonly retryAfterSeconds: number;
}

/** What became of bytes that the ledger took. */
export type Recorded = Accepted | Quarantined | Conflict;

/** What became of a delivery. */
export type IngestOutcome = Recorded | Unauthentic | Overloaded;
