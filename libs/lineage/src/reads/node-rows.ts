import type { JsonObject } from '@countersign/kernel';
import type { BindingQuality, EdgeKind, EdgeRole, LineageKind } from '../domain/vocabulary.js';
import type { LineageEdgeRecord, LineageNodeRecord } from './records.js';

export const NODE_COLUMNS =
  'n.id, n.kind, n.namespace, n.name, n.version, n.urn, n.container, n.attributes, n.first_sequence';

export interface NodeRow {
  readonly id: string;
  readonly kind: LineageKind;
  readonly namespace: string;
  readonly name: string;
  readonly version: string | null;
  readonly urn: string;
  readonly container: string | null;
  readonly attributes: JsonObject;
  readonly first_sequence: bigint;
}

export function nodeRecord(row: NodeRow): LineageNodeRecord {
  const { id, kind, namespace, name, version, urn } = row;
  const attributes: JsonObject =
    row.container === null ? row.attributes : { ...row.attributes, container: row.container };
  return { id, kind, namespace, name, version, urn, attributes, firstSequence: row.first_sequence };
}

export interface EdgeRow {
  readonly src: string;
  readonly dst: string;
  readonly kind: EdgeKind;
  readonly role: EdgeRole | '';
  readonly binding: BindingQuality;
  readonly sequence: bigint;
}

export function edgeRecord(row: EdgeRow): LineageEdgeRecord {
  const { kind, binding, sequence } = row;
  const role = row.role === '' ? null : row.role;
  return { from: row.src, to: row.dst, kind, role, binding, sequence };
}

/** Edges that were known after entry `$2`. */
export const KNOWN_EDGE =
  'e.tenant_id = $1::uuid AND e.sequence <= $2::bigint AND (e.superseded_at_sequence IS NULL OR e.superseded_at_sequence > $2::bigint)';
