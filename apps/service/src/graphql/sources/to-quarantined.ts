import type { QuarantinedRecord } from '@countersign/ingest';
import type { QuarantinedDelivery } from './sources.types.js';

export function toQuarantined(record: QuarantinedRecord): QuarantinedDelivery {
  return {
    id: record.id,
    receivedAt: record.receivedAt,
    reason: record.reason,
    detail: record.detail,
    replayedAt: record.replayedAt,
    sourceId: record.sourceId,
    sequence: record.sequence,
  };
}
