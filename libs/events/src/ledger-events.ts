import { z } from 'zod';

/** Decimal text: a 64-bit count. */
const count = z.string();

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
} as const;
