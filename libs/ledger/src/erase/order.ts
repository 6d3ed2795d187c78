import type { ActorRef } from '@countersign/events';

/** What is to be erased. */
export type ErasureOrder =
  /** Every personal value about one person, and the received bytes of the entries that carry one. */
  | { readonly kind: 'subject'; readonly subject: string }
  /** Of named entries: personal values and received bytes, or the bytes alone. */
  | {
      readonly kind: 'entries';
      readonly sequences: readonly bigint[];
      readonly evidenceOnly: boolean;
    };

/** On whose word. `orderedBy` and `reason` are free text: they stand in the ledger as erasable disclosures. */
export interface ErasureWarrant {
  readonly actor: ActorRef;
  readonly orderedBy: string | null;
  readonly reason: string;
}

/** What an order would take away now. */
export interface ErasureCounts {
  readonly entries: number;
  readonly disclosures: number;
  readonly evidence: number;
}

/** What was taken away from one entry. */
export interface ErasedEntry {
  readonly sequence: bigint;
  readonly values: readonly {
    /** JSON Pointer into the payload. */
    readonly path: string;
    /** What stays there: 64 hex digits; null when the payload cannot be read any more. */
    readonly commitment: string | null;
  }[];
  /** Digest of the received bytes that were deleted, 64 hex digits; null when none were. */
  readonly evidenceDigest: string | null;
}

/** One transaction's worth. */
export interface ErasurePart {
  /** The entry that says so. */
  readonly sequence: bigint;
  readonly leafHash: Uint8Array;
  readonly at: Date;
  readonly erased: readonly ErasedEntry[];
}
