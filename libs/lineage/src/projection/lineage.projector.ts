import type { SqlTx } from '@countersign/database';
import type { EntryRecord, Projector } from '@countersign/ledger';

/** Entries in, nodes and edges out. */
export const lineageProjector: Projector = {
  name: 'lineage',
  types: [
    'lineage.run_event',
    'lineage.static_event',
    'model_version.created',
    'model_version.observed',
    'run.observed',
  ],
  evidence: true,
  async apply(_tx: SqlTx, _entries: readonly EntryRecord[]): Promise<void> {},
  async clear(_tx: SqlTx): Promise<void> {},
};
