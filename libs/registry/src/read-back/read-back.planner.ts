import type { SqlTx } from '@countersign/database';
import type { EntryRecord, Projector } from '@countersign/ledger';
import type { JsonObject } from '@countersign/kernel';
import { canonicalVersion } from '../domain/version-text.js';
import { upsert, type Column } from '../mirror/upsert.js';

interface Job {
  readonly readFor: bigint;
  readonly source: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Keeps the list of versions that wait to be read back: an entry that reports a version adds one, the entry
 * that answers it takes it away, in the transaction that moves the cursor. So a crash loses none, and a
 * replay of the whole ledger leaves exactly those that were never answered.
 */
export const readBackPlanner: Projector = {
  name: 'read-back',
  types: ['model_version.created', 'model_version.observed', 'source.unreachable'],
  apply: async (tx, entries) => {
    const jobs = new Map<bigint, Job>();
    const answered: bigint[] = [];
    for (const entry of entries) {
      const answers = answeredBy(entry);
      if (answers === null) {
        const job = jobOf(entry);
        if (job !== null) jobs.set(job.readFor, job);
      } else if (!jobs.delete(answers)) {
        answered.push(answers);
      }
    }
    await endJobs(tx, answered);
    await upsert(tx, 'registry_read_back', COLUMNS, [...jobs.values()], null);
  },
  clear: async (tx) => {
    await tx.query('DELETE FROM registry_read_back WHERE tenant_id = $1::uuid', [tx.tenantId]);
  },
};

/** Takes jobs off the list. */
export async function endJobs(tx: SqlTx, readFor: readonly bigint[]): Promise<void> {
  if (readFor.length === 0) return;
  await tx.query(
    'DELETE FROM registry_read_back WHERE tenant_id = $1::uuid AND read_for = ANY($2::int8[])',
    [tx.tenantId, readFor.map(String)],
  );
}

const COLUMNS: readonly Column<Job>[] = [
  ['read_for', 'int8', (job) => job.readFor],
  ['source', 'text', (job) => job.source],
  ['name', 'text', (job) => job.name],
  ['version', 'text', (job) => job.version],
];

function jobOf(entry: EntryRecord): Job | null {
  if (entry.type !== 'model_version.created') return null;
  const { name, version } = dataOf(entry);
  if (typeof name !== 'string' || typeof version !== 'string') return null;
  const job = { readFor: entry.sequence, source: entry.source, name };
  return { ...job, version: canonicalVersion(version) };
}

/** The sequence that an entry answers, from its delivery: `readback:<name>/<version>@<sequence>[/…]`. */
function answeredBy(entry: EntryRecord): bigint | null {
  if (!entry.delivery.startsWith('readback:')) return null;
  const [, sequence] = /@([0-9]{1,18})(?:\/[a-z]+)?$/.exec(entry.delivery) ?? [];
  return sequence === undefined ? null : BigInt(sequence);
}

function dataOf(entry: EntryRecord): JsonObject {
  const data = entry.payload['data'];
  return typeof data === 'object' && data !== null && !Array.isArray(data)
    ? (data as JsonObject)
    : {};
}
