import type { TenantId } from '@countersign/kernel';
import { edgeRecord, KNOWN_EDGE, NODE_COLUMNS, nodeRecord } from '../reads/node-rows.js';
import type { EdgeRow, NodeRow } from '../reads/node-rows.js';
import type { LineageEdgeRecord, LineageNodeRecord } from '../reads/records.js';
import type { LineageFixture } from './lineage-fixture.js';

export interface WholeGraph {
  readonly nodes: readonly LineageNodeRecord[];
  readonly edges: readonly LineageEdgeRecord[];
}

/** Every node, and every edge that holds now. */
export async function wholeGraph(fixture: LineageFixture, tenantId: TenantId): Promise<WholeGraph> {
  return fixture.read(tenantId, async (tx) => {
    const nodes = await tx.query<NodeRow>(
      `SELECT ${NODE_COLUMNS} FROM lineage_node n WHERE n.tenant_id = $1::uuid`,
      [tenantId],
    );
    const edges = await tx.query<EdgeRow>(
      `SELECT e.src, e.dst, e.kind, e.role, e.binding, e.sequence FROM lineage_edge e WHERE ${KNOWN_EDGE}
       ORDER BY e.sequence, e.kind`,
      [tenantId, '9223372036854775806'],
    );
    return { nodes: nodes.map(nodeRecord), edges: edges.map(edgeRecord) };
  });
}
