import { SourceService, type Source as SourceRecord } from '@countersign/ingest';
import { AppError } from '@countersign/kernel';
import { LedgerQueries } from '@countersign/ledger';
import { Inject, Injectable } from '@nestjs/common';
import { PUBLIC_URL } from '../../composition/tokens.js';
import { base64 } from '../ledger/to-entry.js';
import type { Edge } from '../runtime/caller.js';
import type { Source } from './sources.types.js';

/** How sources are shown, and the reads behind the edges of quarantined deliveries. */
@Injectable()
export class SourcesEdges {
  constructor(
    private readonly sources: SourceService,
    private readonly ledger: LedgerQueries,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  readonly source: Edge<string, Source> = {
    name: 'sources.source',
    key: (id) => id,
    load: async (tx, ids) => {
      const all = new Map((await this.sources.list(tx)).map((source) => [source.id, source]));
      return ids.map((id) => this.toSource(present(all.get(id))));
    },
  };

  /** Received bytes of the entry that tells of a quarantined delivery. */
  readonly bytes: Edge<bigint, string | null> = {
    name: 'sources.bytes',
    key: (sequence) => sequence.toString(),
    load: async (tx, sequences) => {
      const entries = await this.ledger.entriesBySequence(tx, sequences, { evidence: true });
      const found = new Map(entries.map((entry) => [entry.sequence, entry.evidence]));
      return sequences.map((sequence) => {
        const evidence = found.get(sequence) ?? null;
        return evidence === null ? null : base64(evidence.bytes);
      });
    },
  };

  toSource(record: SourceRecord): Source {
    return {
      id: record.id,
      kind: record.kind,
      name: record.name,
      webhookUrl: record.kind === 'MLFLOW' ? `${this.publicUrl}/webhooks/${record.id}` : null,
      lastDeliveryAt: record.lastDeliveryAt,
      health: this.sources.activity.health(record),
    };
  }
}

function present(source: SourceRecord | undefined): SourceRecord {
  if (source !== undefined) return source;
  throw new AppError('INTERNAL', {
    publicMessage: 'A source that something points at is missing.',
  });
}
