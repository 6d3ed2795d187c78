import type { SqlTx } from '@countersign/database';
import { slotId } from '../domain/ids.js';
import { Incarnations } from '../domain/incarnations.js';
import type { Fact } from '../domain/facts.js';
import { Mirror } from '../domain/mirror.js';
import type { ModelRow, VersionRow } from '../domain/model-row.js';
import { Slot, type KnownSpan } from '../domain/slot.js';
import { compareStatements, type Statement } from '../domain/statement.js';
import {
  knownSpanOf,
  modelOf,
  ownerOf,
  statementOf,
  versionOf,
  type ModelDbRow,
  type SpanDbRow,
  type StatementDbRow,
  type VersionDbRow,
} from './rows.js';
import {
  endingModels,
  ModelsByName,
  namedSlots,
  namesOf,
  versionIdsOf,
  type Wanted,
  type ModelName,
  type WantedSlot,
} from './scope.js';
import type { SealedText } from './sealed-text.js';
import { momentText, windowsOf, type Window } from './windows.js';

/** The stored part of the mirror that a batch can touch; a handful of statements however long the batch is. */
export async function loadMirror(
  tx: SqlTx,
  facts: readonly Fact[],
  texts: SealedText,
): Promise<Mirror> {
  const models = await loadModels(tx, namesOf(facts), texts);
  const byName = new ModelsByName(models);
  const versionIds = versionIdsOf(facts, byName);
  const versions = await loadVersions(tx, versionIds, texts);
  const known = new Set(versions.map((version) => version.id));
  const ending = endingModels(facts, byName, (id) => known.has(id));
  const rest = await loadLiveVersions(tx, [...ending.keys()], known, texts);

  const wanted = namedSlots(facts, byName);
  await addHeldSlots(tx, facts, byName, ending, wanted);

  const rows = new Incarnations();
  rows.add(models, [...versions, ...rest]);
  const mirror = new Mirror(rows);
  for (const slot of await loadSlots(tx, wanted.list(), texts)) mirror.addSlot(slot);
  return mirror;
}

async function loadModels(
  tx: SqlTx,
  names: readonly ModelName[],
  texts: SealedText,
): Promise<ModelRow[]> {
  const rows = await tx.query<ModelDbRow>(
    `SELECT m.* FROM registry_model m
       JOIN unnest($2::text[], $3::text[], $4::text[]) AS w(source, kind, name)
         ON m.source = w.source AND m.kind = w.kind AND m.name = w.name
      WHERE m.tenant_id = $1::uuid ORDER BY m.incarnation`,
    [tx.tenantId, names.map((n) => n.source), names.map((n) => n.kind), names.map((n) => n.name)],
  );
  return rows.map((row) => modelOf(row, texts));
}

async function loadVersions(
  tx: SqlTx,
  ids: ReadonlySet<string>,
  texts: SealedText,
): Promise<VersionRow[]> {
  if (ids.size === 0) return [];
  const rows = await tx.query<VersionDbRow>(
    'SELECT * FROM registry_version WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])',
    [tx.tenantId, [...ids]],
  );
  return rows.map((row) => versionOf(row, texts));
}

async function loadLiveVersions(
  tx: SqlTx,
  modelIds: readonly string[],
  known: ReadonlySet<string>,
  texts: SealedText,
): Promise<VersionRow[]> {
  if (modelIds.length === 0) return [];
  const rows = await tx.query<VersionDbRow>(
    `SELECT * FROM registry_version
      WHERE tenant_id = $1::uuid AND model_id = ANY($2::uuid[]) AND deleted_latest IS NULL`,
    [tx.tenantId, modelIds],
  );
  return rows.filter((row) => !known.has(row.id)).map((row) => versionOf(row, texts));
}

/** Slots that a fact changes without naming them: what an ending model, a deleted or a read version holds. */
async function addHeldSlots(
  tx: SqlTx,
  facts: readonly Fact[],
  models: ModelsByName,
  ending: ReadonlyMap<string, number>,
  wanted: Wanted,
): Promise<void> {
  const since = new Map(ending);
  for (const fact of facts) {
    if (fact.is !== 'version_deleted' && fact.is !== 'version_observed') continue;
    const from = fact.is === 'version_observed' ? -Infinity : fact.at;
    for (const { id } of models.of(fact)) since.set(id, Math.min(since.get(id) ?? from, from));
  }
  const readVersions = versionIdsOf(
    facts.filter((fact) => fact.is === 'version_observed'),
    models,
  );
  if (since.size === 0) return;
  // They may come to hold in this batch, too.
  for (const { owner } of wanted.list()) {
    const from = owner.kind === 'stage' ? ending.get(owner.modelId) : since.get(owner.modelId);
    const isRead = owner.versionId !== null && readVersions.has(owner.versionId);
    if (owner.kind === 'tag' && isRead) wanted.addSince(owner, -Infinity);
    if (owner.kind !== 'tag' && from !== undefined) wanted.addSince(owner, from);
  }
  const rows = await tx.query<Pick<SpanDbRow, 'kind' | 'key' | 'model_id' | 'version_id'>>(
    `SELECT kind, key, model_id, version_id FROM registry_span
      WHERE tenant_id = $1::uuid AND known_to IS NULL AND to_latest IS NULL AND present
        AND (   (model_id = ANY($2::uuid[]) AND kind = 'alias')
             OR (model_id = ANY($3::uuid[]) AND kind = 'stage')
             OR (version_id = ANY($4::uuid[]) AND kind = 'tag'))`,
    [tx.tenantId, [...since.keys()], [...ending.keys()], [...readVersions]],
  );
  for (const row of rows) wanted.addSince(ownerOf(row), since.get(row.model_id) ?? -Infinity);
}

async function loadSlots(
  tx: SqlTx,
  wanted: readonly WantedSlot[],
  texts: SealedText,
): Promise<Slot[]> {
  if (wanted.length === 0) return [];
  const ids = wanted.map(({ owner }) =>
    slotId(owner.versionId ?? owner.modelId, owner.kind, owner.key),
  );
  const windows = await windowsOf(tx, wanted);
  const spans = await tx.query<SpanDbRow>(
    // Two index ranges; joined by OR they would be one range over the slot's whole history. Of the spans that end
    // at the very moment only those matter whose end is uncertain: a better date for it changes them. OFFSET 0
    // keeps it one index range per window; as a plain join it may be all windows against all spans of the slot.
    `SELECT s.* FROM unnest($3::uuid[], $4::timestamptz[], $5::timestamptz[]) AS w(slot_id, since, until),
       LATERAL (SELECT * FROM registry_span
                 WHERE tenant_id = $1::uuid AND slot_id = w.slot_id AND known_to IS NULL
                   AND to_latest >= w.since AND to_latest <= w.until
                   AND (to_latest > w.since OR to_earliest < to_latest) OFFSET 0) s
     UNION ALL
     SELECT s.* FROM registry_span s JOIN unnest($2::uuid[]) AS w(slot_id) ON s.slot_id = w.slot_id
      WHERE s.tenant_id = $1::uuid AND s.known_to IS NULL AND s.to_latest IS NULL`,
    [tx.tenantId, ids, ...arraysOf(windows)],
  );
  const statements = await loadStatements(tx, windows, spans);
  const spansBySlot = groupBySlot(spans, (row) => knownSpanOf(row, texts));
  const statementsBySlot = groupBySlot(statements, (row) => statementOf(row, texts));
  return wanted.map(({ owner }, index) => {
    const id = ids[index] ?? '';
    return new Slot(
      owner,
      statementsBySlot.get(id),
      inOrder(spansBySlot.get(id), statementsBySlot.get(id)),
    );
  });
}

/** The statements inside the windows, and those that opened or dated the loaded spans. */
async function loadStatements(
  tx: SqlTx,
  windows: readonly Window[],
  spans: readonly SpanDbRow[],
): Promise<StatementDbRow[]> {
  const behind = spans.flatMap((span) => [
    { slot: span.slot_id, sequence: span.opened_sequence },
    { slot: span.slot_id, sequence: span.entry_sequence },
  ]);
  return tx.query<StatementDbRow>(
    `SELECT s.* FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS w(slot_id, since, until),
       LATERAL (SELECT * FROM registry_statement
                 WHERE tenant_id = $1::uuid AND slot_id = w.slot_id
                   AND order_time > w.since AND order_time <= w.until OFFSET 0) s
     UNION
     SELECT s.* FROM registry_statement s JOIN unnest($5::uuid[], $6::int8[]) AS b(slot_id, sequence)
         ON s.slot_id = b.slot_id AND s.sequence = b.sequence
      WHERE s.tenant_id = $1::uuid`,
    [
      tx.tenantId,
      ...arraysOf(windows),
      behind.map((b) => b.slot),
      behind.map((b) => String(b.sequence)),
    ],
  );
}

function arraysOf(windows: readonly Window[]): [string[], string[], string[]] {
  return [
    windows.map(({ slotId: id }) => id),
    windows.map(({ from }) => momentText(from)),
    windows.map(({ to }) => momentText(to)),
  ];
}

/** Spans in the order of the statements that opened them. */
function inOrder(
  spans: readonly KnownSpan[] = [],
  statements: readonly Statement[] = [],
): KnownSpan[] {
  const place = new Map(
    [...statements].sort(compareStatements).map(({ sequence }, index) => [sequence, index]),
  );
  const at = ({ span }: KnownSpan): number => place.get(span.openedSequence) ?? -1;
  return [...spans].sort((a, b) => at(a) - at(b));
}

function groupBySlot<Row extends { slot_id: string }, Out>(
  rows: readonly Row[],
  read: (row: Row) => Out,
): Map<string, Out[]> {
  const groups = new Map<string, Out[]>();
  for (const row of rows) {
    const group = groups.get(row.slot_id) ?? [];
    group.push(read(row));
    groups.set(row.slot_id, group);
  }
  return groups;
}
