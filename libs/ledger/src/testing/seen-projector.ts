import type { SqlTx } from '@countersign/database';
import type { TestDatabase } from '../../../../test/support/database.js';
import type { Projector } from '../projection/projector.js';
import type { EntryRecord } from '../reads/entry-record.js';

/** Makes the table that the projectors below write: one row per entry seen. */
export async function createSeenTable(test: TestDatabase): Promise<void> {
  await test.asOwner(
    'CREATE TABLE test_seen (n bigint GENERATED ALWAYS AS IDENTITY, tenant_id uuid, projector text, seq bigint, type text, evidence bytea)',
  );
  await test.asOwner("SELECT protect_tenant_table('test_seen', 'SELECT, INSERT, DELETE')");
}

/** A projector that notes what it is given, in the order in which it is given it. */
export function seenProjector(name: string, overrides: Partial<Projector> = {}): Projector {
  return {
    name,
    apply: async (tx: SqlTx, entries: readonly EntryRecord[]) => {
      await tx.query(
        `INSERT INTO test_seen (tenant_id, projector, seq, type, evidence)
         SELECT $1::uuid, $2::text, u.* FROM unnest($3::bigint[], $4::text[], $5::bytea[]) AS u`,
        [
          tx.tenantId,
          name,
          entries.map((entry) => entry.sequence),
          entries.map((entry) => entry.type),
          entries.map((entry) => entry.evidence?.bytes ?? null),
        ],
      );
    },
    clear: async (tx: SqlTx) => {
      await tx.query('DELETE FROM test_seen WHERE tenant_id = $1::uuid AND projector = $2::text', [
        tx.tenantId,
        name,
      ]);
    },
    ...overrides,
  };
}

/** Sequences that a projector has noted, in order of notice. */
export async function seen(tx: SqlTx, name: string): Promise<bigint[]> {
  const rows = await tx.query<{ seq: bigint }>(
    'SELECT seq FROM test_seen WHERE tenant_id = $1::uuid AND projector = $2::text ORDER BY n',
    [tx.tenantId, name],
  );
  return rows.map((row) => row.seq);
}
