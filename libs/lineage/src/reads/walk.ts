import type { SqlTx } from '@countersign/database';
import type { Direction } from '../domain/vocabulary.js';
import {
  edgeRecord,
  KNOWN_EDGE,
  NODE_COLUMNS,
  nodeRecord,
  type EdgeRow,
  type NodeRow,
} from './node-rows.js';
import type { LineageEdgeRecord, LineageNodeRecord } from './records.js';

export interface Walk {
  readonly ids: readonly string[];
  readonly truncated: boolean;
}

/**
 * Everything that is reachable from the start nodes, themselves included, at most `budget` nodes. The recursion
 * carries node ids only: with a depth or a path in its rows, UNION would no longer end shared ancestries once.
 */
export async function walk(
  tx: SqlTx,
  request: {
    readonly start: readonly string[];
    /** Also start from the parts of the start nodes: the versions of a dataset, the runs of a job. */
    readonly parts?: boolean;
    readonly direction: Direction;
    readonly budget: number;
    readonly knownAt: bigint;
  },
): Promise<Walk> {
  const [near, far] = request.direction === 'UPSTREAM' ? ['dst', 'src'] : ['src', 'dst'];
  const parts = request.parts === true ? ' OR n.container = ANY($3::uuid[])' : '';
  const rows = await tx.query<{ id: string }>(
    `WITH RECURSIVE reached (id) AS (
       SELECT n.id FROM lineage_node n
       WHERE n.tenant_id = $1::uuid AND n.first_sequence <= $2::bigint
         AND (n.id = ANY($3::uuid[])${parts})
       UNION
       SELECT e.${far} FROM reached r JOIN lineage_edge e ON e.${near} = r.id AND ${KNOWN_EDGE})
     SELECT id FROM reached LIMIT $4::int`,
    [tx.tenantId, request.knownAt, request.start, request.budget + 1],
  );
  const ids = rows.slice(0, request.budget).map((row) => row.id);
  return { ids, truncated: rows.length > request.budget };
}

/** The edges between these nodes, in a stable order. */
export async function edgesBetween(
  tx: SqlTx,
  ids: readonly string[],
  knownAt: bigint,
): Promise<LineageEdgeRecord[]> {
  const rows = await tx.query<EdgeRow>(
    `SELECT e.src, e.dst, e.kind, e.role, e.binding, e.sequence
     FROM unnest($3::uuid[]) AS near (id) JOIN lineage_edge e ON e.src = near.id AND ${KNOWN_EDGE}
     WHERE e.dst = ANY($3::uuid[])
     ORDER BY e.sequence, e.src, e.dst, e.kind, e.role`,
    [tx.tenantId, knownAt, ids],
  );
  return rows.map(edgeRecord);
}

/** These nodes, in order of first mention. */
export async function nodesById(tx: SqlTx, ids: readonly string[]): Promise<LineageNodeRecord[]> {
  const rows = await tx.query<NodeRow>(
    `SELECT ${NODE_COLUMNS} FROM unnest($2::uuid[]) AS wanted (id)
     JOIN lineage_node n ON n.tenant_id = $1::uuid AND n.id = wanted.id
     ORDER BY n.first_sequence, n.urn`,
    [tx.tenantId, ids],
  );
  return rows.map(nodeRecord);
}
