import { z } from 'zod';

/** Readable `data` of lineage events. The received OpenLineage bytes are the entry's evidence. */
export const lineageEvents = {
  'lineage.run_event': z.object({
    runId: z.string(),
    jobNamespace: z.string(),
    jobName: z.string(),
    eventType: z.string().nullable(),
    eventTime: z.string(),
    producer: z.string().nullable(),
  }),
  /** A DatasetEvent or JobEvent (OpenLineage 2-0-2): metadata without a run. */
  'lineage.static_event': z.object({ kind: z.enum(['job', 'dataset']), eventTime: z.string() }),
} as const;
