import type { Basis, ActorKind } from '@countersign/events';
import type { SlotKind } from '../domain/ids.js';
import type { ModelKind, ModelRow, VersionRow } from '../domain/model-row.js';
import type { KnownSpan, SlotOwner } from '../domain/slot.js';
import type { Range, Statement } from '../domain/statement.js';
import { textPlaces, type SealedText } from './sealed-text.js';

/** Rows as node-pg gives them, descriptions and tag values sealed; turned into the domain's shapes here and nowhere else. */
export interface ModelDbRow {
  id: string;
  source: string;
  kind: ModelKind;
  name: string;
  incarnation: number;
  description: string | null;
  basis: Basis;
  created_at: Date | null;
  deleted_earliest: Date | null;
  deleted_latest: Date | null;
  first_sequence: bigint;
  first_heard_at: Date;
  last_heard_at: Date;
  highest_version: bigint | null;
}

export interface VersionDbRow {
  id: string;
  model_id: string;
  version: string;
  number: bigint | null;
  run_id: string | null;
  source_uri: string | null;
  description: string | null;
  status: string | null;
  artifact_digest: string | null;
  basis: Basis;
  created_at: Date | null;
  reported_at: Date | null;
  observed_at: Date | null;
  deleted_earliest: Date | null;
  deleted_latest: Date | null;
  first_sequence: bigint;
  created_sequence: bigint | null;
}

export interface StatementDbRow {
  slot_id: string;
  kind: SlotKind;
  sequence: bigint;
  order_time: Date;
  order_sequence: bigint;
  earliest: Date;
  latest: Date;
  observed: boolean;
  present: boolean;
  value: string | null;
  held_version_id: string | null;
  basis: Basis;
  actor_id: string;
  actor_kind: ActorKind;
  actor_basis: Basis;
}

export interface SpanDbRow {
  slot_id: string;
  known_from: bigint;
  opened_sequence: bigint;
  known_to: bigint | null;
  entry_sequence: bigint;
  kind: SlotKind;
  key: string;
  model_id: string;
  version_id: string | null;
  present: boolean;
  value: string | null;
  from_earliest: Date;
  from_latest: Date;
  to_earliest: Date | null;
  to_latest: Date | null;
  basis: Basis;
  actor_id: string;
  actor_kind: ActorKind;
  actor_basis: Basis;
}

export function modelOf(row: ModelDbRow, texts: SealedText): ModelRow {
  return {
    id: row.id,
    source: row.source,
    kind: row.kind,
    name: row.name,
    incarnation: row.incarnation,
    description: texts.open(row.description, textPlaces.description(row.id)),
    basis: row.basis,
    createdAt: row.created_at?.getTime() ?? null,
    deletedAt: rangeOf(row.deleted_earliest, row.deleted_latest),
    firstSequence: row.first_sequence,
    firstHeardAt: row.first_heard_at.getTime(),
    lastHeardAt: row.last_heard_at.getTime(),
    highestVersion: row.highest_version,
  };
}

export function versionOf(row: VersionDbRow, texts: SealedText): VersionRow {
  return {
    id: row.id,
    modelId: row.model_id,
    version: row.version,
    number: row.number,
    runId: row.run_id,
    sourceUri: row.source_uri,
    description: texts.open(row.description, textPlaces.description(row.id)),
    status: row.status,
    artifactDigest: row.artifact_digest,
    basis: row.basis,
    createdAt: row.created_at?.getTime() ?? null,
    reportedAt: row.reported_at?.getTime() ?? null,
    observedAt: row.observed_at?.getTime() ?? null,
    deletedAt: rangeOf(row.deleted_earliest, row.deleted_latest),
    firstSequence: row.first_sequence,
    createdSequence: row.created_sequence,
  };
}

/** Also for the value of a span, whose place is that of the statement that opened it. */
export function valueOf(
  row: { readonly kind: SlotKind; readonly slot_id: string; readonly value: string | null },
  sequence: bigint,
  texts: SealedText,
): string | null {
  const { kind, slot_id, value } = row;
  return kind === 'tag' ? texts.open(value, textPlaces.value(slot_id, sequence)) : value;
}

export function statementOf(row: StatementDbRow, texts: SealedText): Statement {
  return {
    present: row.present,
    value: valueOf(row, row.sequence, texts),
    versionId: row.held_version_id,
    sequence: row.sequence,
    orderTime: row.order_time.getTime(),
    orderSequence: row.order_sequence,
    range: { earliest: row.earliest.getTime(), latest: row.latest.getTime() },
    observed: row.observed,
    basis: row.basis,
    actor: { id: row.actor_id, kind: row.actor_kind, basis: row.actor_basis },
  };
}

export function knownSpanOf(row: SpanDbRow, texts: SealedText): KnownSpan {
  return {
    knownFrom: row.known_from,
    knownTo: row.known_to,
    span: {
      present: row.present,
      value: valueOf(row, row.opened_sequence, texts),
      versionId: row.kind === 'alias' ? row.version_id : null,
      openedSequence: row.opened_sequence,
      entrySequence: row.entry_sequence,
      from: { earliest: row.from_earliest.getTime(), latest: row.from_latest.getTime() },
      to: rangeOf(row.to_earliest, row.to_latest),
      dated: true, // settled from its statements before anything is added, see Slot
      basis: row.basis,
      actor: { id: row.actor_id, kind: row.actor_kind, basis: row.actor_basis },
    },
  };
}

export function ownerOf(
  row: Pick<SpanDbRow, 'kind' | 'key' | 'model_id' | 'version_id'>,
): SlotOwner {
  return {
    kind: row.kind,
    key: row.key,
    modelId: row.model_id,
    versionId: row.kind === 'alias' ? null : row.version_id,
  };
}

function rangeOf(earliest: Date | null, latest: Date | null): Range | null {
  if (earliest === null || latest === null) return null;
  return { earliest: earliest.getTime(), latest: latest.getTime() };
}
