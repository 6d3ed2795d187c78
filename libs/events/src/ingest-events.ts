import { z } from 'zod';

/** Readable `data` of what the doors themselves record. */
export const ingestEvents = {
  /** An authentic delivery that could not be understood; its bytes are the entry's evidence. */
  'delivery.quarantined': z.object({
    quarantineId: z.string(),
    deliveryId: z.string(),
    reason: z.string(),
    detail: z.string(),
  }),
  /** The same delivery id with other bytes. The first delivery stands; these bytes are kept as evidence. */
  'delivery.conflict': z.object({ deliveryId: z.string(), firstSequence: z.string() }),
  'source.created': z.object({
    sourceId: z.string(),
    kind: z.string(),
    name: z.string(),
    baseUrl: z.string().nullable(),
    topic: z.string().nullable(),
  }),
  'source.secret_rotated': z.object({ sourceId: z.string() }),
  'source.test_received': z.object({ kind: z.string() }),
  'source.unreachable': z.object({
    sourceId: z.string(),
    operation: z.string(),
    detail: z.string(),
  }),
} as const;
