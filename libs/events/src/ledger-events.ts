import { z } from 'zod';

/** Decimal text: a 64-bit count. */
const count = z.string();

/** What an erasure says about itself; `orderedBy` and `reason` are free text, and may be erased like it. */
const erasure = {
  disclosures: z.number(),
  evidence: z.number(),
  erased: z.array(z.object({ sequence: count, paths: z.array(z.string()), evidence: z.boolean() })),
  orderedBy: z.string().nullable(),
  reason: z.string().nullable(),
};

/** Readable `data` of each ledger event. */
export const ledgerEvents = {
  /** Somebody wrote a part of the ledger into files. Recorded before the first is written. */
  'ledger.exported': z.object({
    origin: z.string(),
    from: count,
    /** Exclusive. */
    to: count,
    /** Size of the tree under whose checkpoint it was exported. */
    size: count,
    payloads: z.enum(['all', 'filter', 'none']),
    evidence: z.boolean(),
    /** The filter as the bundle states it, canonical JSON. */
    filter: z.string().nullable(),
    /** JSON Pointers of the personal values disclosed; null: all. */
    disclosed: z.array(z.string()).nullable(),
  }),
  /**
   * An operator accepted that entries were lost: the log goes on under another origin. First entry under the new one.
   */
  'ledger.gap_recorded': z.object({
    oldOrigin: z.string(),
    newOrigin: z.string(),
    /** What the database still held. */
    restoredSize: count,
    /** Lower-case hex. */
    restoredRoot: z.string().nullable(),
    /** What was found outside of the database, of the log of heads. */
    outside: z.array(
      z.object({
        source: z.string(),
        origin: z.string(),
        size: count,
        rootHash: z.string().nullable(),
      }),
    ),
    reason: z.string().nullable(),
    operator: z.string().nullable(),
    /** Signed note of the same, under the old and the new origin. */
    record: z.string(),
  }),
  /** The ledger was read through and everything held. */
  'ledger.verified': z.object({
    level: z.enum(['hashes', 'headers', 'payloads']),
    from: count,
    size: count,
    /** Lower-case hex. */
    rootHash: z.string(),
  }),
  /** Something does not hold. Appends stop with this entry, unless it could not be written either. */
  'ledger.verification_failed': z.object({
    level: z.enum(['hashes', 'headers', 'payloads']),
    /** The first entry at fault, or a size. */
    sequence: count,
    rule: z.string(),
    expected: z.string(),
  }),
  /** Personal values about somebody were deleted, and received bytes that held one. Says which, never what. */
  'subject.erased': z.object({ subject: z.string(), ...erasure }),
  /** The same of named entries. */
  'ledger.evidence_erased': z.object(erasure),
  /** From here on nothing of this is erased. No subject and no sequences: nothing of the ledger. */
  'legal_hold.placed': z.object({
    holdId: z.string(),
    subject: z.string().nullable(),
    fromSequence: count.nullable(),
    /** Inclusive. */
    toSequence: count.nullable(),
    reason: z.string().nullable(),
  }),
  'legal_hold.released': z.object({ holdId: z.string(), reason: z.string().nullable() }),
  /** Checkpoints are signed by another key from here on, for a while by both. The keys are verifier keys (vkeys). */
  'ledger.key_rotated': z.object({
    origin: z.string(),
    newKey: z.string(),
    oldKey: z.string(),
  }),
} as const;
