import type { SqlTx } from '@countersign/database';
import type { SlotKind } from '../domain/ids.js';
import { textPlaces, type SealedText } from '../mirror/sealed-text.js';
import type { RecordedChange } from './records.js';

interface ChangeRow {
  slot_id: string;
  sequence: bigint;
  kind: SlotKind;
  key: string;
  model_id: string;
  owner_version_id: string | null;
  present: boolean;
  value: string | null;
  held_version_id: string | null;
  before_present: boolean;
  before_value: string | null;
  before_version_id: string | null;
}

/** What each entry changed in the mirror, with what was there before. Only real changes. */
export async function changesOf(
  tx: SqlTx,
  sequences: readonly bigint[],
  texts: SealedText,
): Promise<Map<bigint, RecordedChange[]>> {
  const rows = await tx.query<ChangeRow>(
    `SELECT * FROM registry_statement
      WHERE tenant_id = $1::uuid AND sequence = ANY($2::int8[])
        AND (present, value, held_version_id) IS DISTINCT FROM (before_present, before_value, before_version_id)
      ORDER BY sequence, kind, key COLLATE "C", slot_id`,
    [tx.tenantId, sequences.map(String)],
  );
  const changes = new Map<bigint, RecordedChange[]>();
  for (const row of rows) {
    const ofEntry = changes.get(row.sequence) ?? [];
    ofEntry.push(changeOf(row, texts));
    changes.set(row.sequence, ofEntry);
  }
  return changes;
}

function changeOf(row: ChangeRow, texts: SealedText): RecordedChange {
  const owner = row.owner_version_id;
  const place = textPlaces.value(row.slot_id, row.sequence);
  const readable = (value: string | null): string | null =>
    row.kind === 'tag' ? texts.open(value, place) : value;
  return {
    sequence: row.sequence,
    slot: row.kind === 'stage' ? 'stage' : `${row.kind}:${row.key}`,
    modelId: row.model_id,
    before: row.before_present
      ? { value: readable(row.before_value), versionId: row.before_version_id ?? owner }
      : null,
    after: row.present
      ? { value: readable(row.value), versionId: row.held_version_id ?? owner }
      : null,
    basis: 'inferred',
  };
}
