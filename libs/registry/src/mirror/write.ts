import type { SqlTx } from '@countersign/database';
import type { Mirror } from '../domain/mirror.js';
import type { ModelRow, VersionRow } from '../domain/model-row.js';
import type { Change, KnownSpan, Slot } from '../domain/slot.js';
import { textPlaces, type SealedText } from './sealed-text.js';
import { upsert, type Column } from './upsert.js';

/** Writes what a batch changed: a handful of statements however long the batch is. */
export async function writeMirror(
  tx: SqlTx,
  mirror: Mirror,
  firstSequence: bigint,
  texts: SealedText,
): Promise<void> {
  await upsert(
    tx,
    'registry_model',
    modelColumns(texts),
    [...mirror.rows.touchedModels],
    MODEL_UPDATE,
  );
  await upsert(
    tx,
    'registry_version',
    versionColumns(texts),
    [...mirror.rows.touchedVersions],
    VERSION_UPDATE,
  );
  const statements: SaidRow[] = [];
  const spans: SpanRow[] = [];
  const closed: SpanRow[] = [];
  for (const slot of mirror.slots) {
    for (const change of slot.changes) statements.push({ slot, change });
    for (const known of slot.known) {
      if (known.knownFrom >= firstSequence) spans.push({ slot, known });
    }
    for (const known of slot.corrected) {
      if (known.knownFrom >= firstSequence) spans.push({ slot, known });
      else closed.push({ slot, known });
    }
  }
  await upsert(tx, 'registry_statement', statementColumns(texts), statements, null);
  await closeSpans(tx, closed);
  await upsert(tx, 'registry_span', spanColumns(texts), spans, null);
}

interface SaidRow {
  readonly slot: Slot;
  readonly change: Change;
}

interface SpanRow {
  readonly slot: Slot;
  readonly known: KnownSpan;
}

async function closeSpans(tx: SqlTx, rows: readonly SpanRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `UPDATE registry_span s SET known_to = c.known_to
       FROM unnest($2::uuid[], $3::int8[], $4::int8[], $5::int8[])
            AS c(slot_id, known_from, opened_sequence, known_to)
      WHERE s.tenant_id = $1::uuid AND s.slot_id = c.slot_id AND s.known_from = c.known_from
        AND s.opened_sequence = c.opened_sequence`,
    [
      tx.tenantId,
      rows.map(({ slot }) => slot.id),
      rows.map(({ known }) => String(known.knownFrom)),
      rows.map(({ known }) => String(known.span.openedSequence)),
      rows.map(({ known }) => String(known.knownTo)),
    ],
  );
}

const MODEL_UPDATE = 'tenant_id, id';
const VERSION_UPDATE = 'tenant_id, id';

const modelColumns = (texts: SealedText): readonly Column<ModelRow>[] => [
  ['id', 'uuid', (m) => m.id],
  ['source', 'text', (m) => m.source],
  ['kind', 'text', (m) => m.kind],
  ['name', 'text', (m) => m.name],
  ['incarnation', 'int4', (m) => m.incarnation],
  ['description', 'text', (m) => texts.close(m.description, textPlaces.description(m.id))],
  ['basis', 'text', (m) => m.basis],
  ['created_at', 'timestamptz', (m) => moment(m.createdAt)],
  ['deleted_earliest', 'timestamptz', (m) => moment(m.deletedAt?.earliest)],
  ['deleted_latest', 'timestamptz', (m) => moment(m.deletedAt?.latest)],
  ['first_sequence', 'int8', (m) => m.firstSequence],
  ['first_heard_at', 'timestamptz', (m) => moment(m.firstHeardAt)],
  ['last_heard_at', 'timestamptz', (m) => moment(m.lastHeardAt)],
  ['highest_version', 'int8', (m) => m.highestVersion],
];

const versionColumns = (texts: SealedText): readonly Column<VersionRow>[] => [
  ['id', 'uuid', (v) => v.id],
  ['model_id', 'uuid', (v) => v.modelId],
  ['version', 'text', (v) => v.version],
  ['number', 'int8', (v) => v.number],
  ['run_id', 'text', (v) => v.runId],
  ['source_uri', 'text', (v) => v.sourceUri],
  ['description', 'text', (v) => texts.close(v.description, textPlaces.description(v.id))],
  ['status', 'text', (v) => v.status],
  ['artifact_digest', 'text', (v) => v.artifactDigest],
  ['basis', 'text', (v) => v.basis],
  ['created_at', 'timestamptz', (v) => moment(v.createdAt)],
  ['reported_at', 'timestamptz', (v) => moment(v.reportedAt)],
  ['observed_at', 'timestamptz', (v) => moment(v.observedAt)],
  ['deleted_earliest', 'timestamptz', (v) => moment(v.deletedAt?.earliest)],
  ['deleted_latest', 'timestamptz', (v) => moment(v.deletedAt?.latest)],
  ['first_sequence', 'int8', (v) => v.firstSequence],
  ['created_sequence', 'int8', (v) => v.createdSequence],
];

const statementColumns = (texts: SealedText): readonly Column<SaidRow>[] => [
  ['slot_id', 'uuid', ({ slot }) => slot.id],
  ['sequence', 'int8', ({ change }) => change.statement.sequence],
  ['kind', 'text', ({ slot }) => slot.owner.kind],
  ['key', 'text', ({ slot }) => slot.owner.key],
  ['model_id', 'uuid', ({ slot }) => slot.owner.modelId],
  ['owner_version_id', 'uuid', ({ slot }) => slot.owner.versionId],
  ['order_time', 'timestamptz', ({ change }) => moment(change.statement.orderTime)],
  ['order_sequence', 'int8', ({ change }) => change.statement.orderSequence],
  ['earliest', 'timestamptz', ({ change }) => moment(change.statement.range.earliest)],
  ['latest', 'timestamptz', ({ change }) => moment(change.statement.range.latest)],
  ['observed', 'bool', ({ change }) => change.statement.observed],
  ['present', 'bool', ({ change }) => change.statement.present],
  ['value', 'text', ({ slot, change }) => valueText(slot, change, change.statement.value, texts)],
  ['held_version_id', 'uuid', ({ change }) => change.statement.versionId],
  ['basis', 'text', ({ change }) => change.statement.basis],
  ['actor_id', 'text', ({ change }) => change.statement.actor.id],
  ['actor_kind', 'text', ({ change }) => change.statement.actor.kind],
  ['actor_basis', 'text', ({ change }) => change.statement.actor.basis],
  ['before_present', 'bool', ({ change }) => change.before.present],
  // The place of the value itself: equal texts stay equal, which is how real changes are told.
  [
    'before_value',
    'text',
    ({ slot, change }) => valueText(slot, change, change.before.value, texts),
  ],
  ['before_version_id', 'uuid', ({ change }) => change.before.versionId],
];

const spanColumns = (texts: SealedText): readonly Column<SpanRow>[] => [
  ['slot_id', 'uuid', ({ slot }) => slot.id],
  ['known_from', 'int8', ({ known }) => known.knownFrom],
  ['opened_sequence', 'int8', ({ known }) => known.span.openedSequence],
  ['known_to', 'int8', ({ known }) => known.knownTo],
  ['entry_sequence', 'int8', ({ known }) => known.span.entrySequence],
  ['kind', 'text', ({ slot }) => slot.owner.kind],
  ['key', 'text', ({ slot }) => slot.owner.key],
  ['model_id', 'uuid', ({ slot }) => slot.owner.modelId],
  ['version_id', 'uuid', ({ slot, known }) => known.span.versionId ?? slot.owner.versionId],
  ['present', 'bool', ({ known }) => known.span.present],
  ['value', 'text', ({ slot, known }) => spanText(slot, known, texts)],
  ['from_earliest', 'timestamptz', ({ known }) => moment(known.span.from.earliest)],
  ['from_latest', 'timestamptz', ({ known }) => moment(known.span.from.latest)],
  ['to_earliest', 'timestamptz', ({ known }) => moment(known.span.to?.earliest)],
  ['to_latest', 'timestamptz', ({ known }) => moment(known.span.to?.latest)],
  ['basis', 'text', ({ known }) => known.span.basis],
  ['actor_id', 'text', ({ known }) => known.span.actor.id],
  ['actor_kind', 'text', ({ known }) => known.span.actor.kind],
  ['actor_basis', 'text', ({ known }) => known.span.actor.basis],
];

function valueText(
  slot: Slot,
  { statement }: Change,
  value: string | null,
  texts: SealedText,
): string | null {
  if (slot.owner.kind !== 'tag') return value;
  return texts.close(value, textPlaces.value(slot.id, statement.sequence));
}

function spanText(slot: Slot, { span }: KnownSpan, texts: SealedText): string | null {
  if (slot.owner.kind !== 'tag') return span.value;
  return texts.close(span.value, textPlaces.value(slot.id, span.openedSequence));
}

function moment(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}
