import type { SqlTx } from '@countersign/database';
import type { EntryRecord, Projector } from '@countersign/ledger';
import { EVIDENCE_RULES, type EvidenceRules } from '../domain/rules.js';
import { UnitDeriver } from './derive-unit.js';
import { EntrySteps } from './entry-steps.js';
import { GraphStore } from './graph-store.js';
import { RunStore } from './run-store.js';
import { TrackingStore } from './tracking-store.js';

const TABLES = [
  'lineage_edge',
  'lineage_node',
  'lineage_alias',
  'lineage_run',
  'lineage_output',
  'lineage_claim',
  'lineage_read',
  'lineage_tracking_run',
  'lineage_model_version',
  'lineage_interest',
] as const;

/**
 * The lineage graph as a projection of the ledger: OpenLineage events by their received bytes, training runs and
 * model versions by what was read back from their registry. Entries whose evidence was erased add nothing, so a
 * rebuild after an erasure may know less than before.
 */
export function createLineageProjector(rules: EvidenceRules = EVIDENCE_RULES): Projector {
  return {
    name: 'lineage',
    types: [
      'lineage.run_event',
      'lineage.static_event',
      'model_version.created',
      'model_version.observed',
      'run.observed',
    ],
    evidence: true,
    personal: true,
    async apply(tx: SqlTx, entries: readonly EntryRecord[]): Promise<void> {
      const steps = new EntrySteps(
        new UnitDeriver(new GraphStore(tx), new RunStore(tx), new TrackingStore(tx), rules),
      );
      await steps.prefetch(entries);
      for (const entry of entries) await steps.apply(entry);
    },
    async clear(tx: SqlTx): Promise<void> {
      for (const table of TABLES) {
        await tx.query(`DELETE FROM ${table} WHERE tenant_id = $1::uuid`, [tx.tenantId]);
      }
    },
  };
}

export const lineageProjector = createLineageProjector();
