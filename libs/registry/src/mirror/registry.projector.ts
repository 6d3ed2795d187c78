import type { SqlTx } from '@countersign/database';
import type { EntryRecord, Projector } from '@countersign/ledger';
import { factOf, FACT_TYPES, type Fact } from '../domain/facts.js';
import { loadMirror } from './load.js';
import { SealedText } from './sealed-text.js';
import { writeMirror } from './write.js';

const BATCH_ENTRIES = 500;

/**
 * Keeps the mirror of every registry that the ledger speaks of. Each batch reads what it can touch, applies
 * the facts in memory by the pure rules of domain/, and writes what changed; the rows do not depend on how
 * the entries were cut into batches.
 */
export const registryProjector: Projector = {
  name: 'registry',
  types: FACT_TYPES,
  personal: true,
  apply: async (tx, entries, seal) => {
    const texts = new SealedText(seal);
    for (let start = 0; start < entries.length; start += BATCH_ENTRIES) {
      await applyBatch(tx, entries.slice(start, start + BATCH_ENTRIES), texts);
    }
  },
  clear: async (tx) => {
    for (const table of [
      'registry_span',
      'registry_statement',
      'registry_version',
      'registry_model',
    ]) {
      await tx.query(`DELETE FROM ${table} WHERE tenant_id = $1::uuid`, [tx.tenantId]);
    }
  },
};

async function applyBatch(
  tx: SqlTx,
  entries: readonly EntryRecord[],
  texts: SealedText,
): Promise<void> {
  const facts = entries.map(factOfEntry).filter((fact): fact is Fact => fact !== null);
  const [first] = facts;
  if (first === undefined) return;
  const mirror = await loadMirror(tx, facts, texts);
  for (const fact of facts) mirror.apply(fact);
  await writeMirror(tx, mirror, first.sequence, texts);
}

/** Stored text cannot hold NUL, and none gets past the strict reader; an entry's values need no cleaning. */
function factOfEntry(entry: EntryRecord): Fact | null {
  return factOf({ ...entry, data: entry.payload['data'] });
}
