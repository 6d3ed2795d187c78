import type { SqlTx } from '@countersign/database';
import {
  AppError,
  decodeCursor,
  encodeCursor,
  isUuid,
  pageSize,
  type Page,
  type PageRequest,
} from '@countersign/kernel';
import { findLeaks, type RoleGraph } from './leaks.js';
import { manifestDigest, manifestLines } from './manifest.js';
import { NODE_COLUMNS, nodeRecord, type NodeRow } from './node-rows.js';
import type {
  LeakRecord,
  LineageGraphRecord,
  LineageManifest,
  LineageNodeRecord,
  LineageRequest,
  ModelVersionRef,
  NodeFilter,
  RoleData,
} from './records.js';
import { edgesBetween, nodesById, walk } from './walk.js';

export const BUDGET_MAX = 10_000;
/** A manifest and a leak search must see everything, so they give up instead of cutting. */
const WHOLE_BUDGET = 100_000;

/** Kinds that data never flows through by themselves. */
const CONTAINERS: ReadonlySet<string> = new Set(['DATASET', 'JOB', 'MODEL']);

export interface LineageQueriesOptions {
  /** Sequence of the last entry that the lineage projection has seen; -1n before the first. */
  readonly cursor: (tx: SqlTx) => Promise<bigint>;
}

/** Reads of the lineage graph. Every answer says as of which entry it is known. */
export class LineageQueries {
  constructor(readonly options: LineageQueriesOptions) {}

  /**
   * What went into a node, or what came of it. Data flows between versions and runs, so that asking for a dataset, a
   * job or a model means all of its versions or runs. Throws NOT_FOUND for an unknown root, BAD_REQUEST for a bad budget.
   */
  async lineage(tx: SqlTx, request: LineageRequest): Promise<LineageGraphRecord> {
    const budget = budgetOf(request.budget);
    const knownAt = await this.#knownAt(tx, request.knownAtSequence);
    const root = await this.node(tx, request.root);
    if (root === null || root.firstSequence > knownAt) throw unknownNode(request.root);
    return this.#graph(tx, root, request.direction, budget, knownAt);
  }

  /** Nodes by kind and text, in order of name. */
  async nodes(tx: SqlTx, filter: NodeFilter, page: PageRequest): Promise<Page<LineageNodeRecord>> {
    const backward = page.last !== undefined && page.last !== null;
    const size = pageSize(backward ? page.last : page.first);
    const cursor = backward ? page.before : page.after;
    const at = cursor === undefined || cursor === null ? null : decodeCursor(cursor, 2);
    if (at !== null && !isUuid(at[1] ?? '')) throw badCursor();
    const [compare, order] = backward ? ['<', 'DESC'] : ['>', 'ASC'];
    const text = filter.text === undefined || filter.text === null ? null : like(filter.text);
    const rows = await tx.query<NodeRow>(
      `SELECT ${NODE_COLUMNS} FROM lineage_node n
       WHERE n.tenant_id = $1::uuid
         AND ($2::text IS NULL OR n.kind = $2)
         AND ($3::text IS NULL OR n.name ILIKE $3 OR n.version ILIKE $3)
         AND ($4::text IS NULL OR (n.name, n.id) ${compare} ($4, $5::uuid))
       ORDER BY n.name ${order}, n.id ${order} LIMIT $6::int`,
      [tx.tenantId, filter.kind ?? null, text, at?.[0] ?? null, at?.[1] ?? null, size + 1],
    );
    const found = rows.slice(0, size).map(nodeRecord);
    if (backward) found.reverse();
    return {
      edges: found.map((node) => ({ cursor: encodeCursor([node.name, node.id]), node })),
      hasNextPage: backward ? at !== null : rows.length > size,
      hasPreviousPage: backward ? rows.length > size : at !== null,
    };
  }

  /** One node of this tenant, or null. */
  async node(tx: SqlTx, id: string): Promise<LineageNodeRecord | null> {
    if (!isUuid(id)) return null;
    const [found] = await nodesById(tx, [id]);
    return found ?? null;
  }

  /** The node of a model version, or null. Throws BAD_REQUEST when two sources know it and none is named. */
  async modelVersionNode(tx: SqlTx, ref: ModelVersionRef): Promise<LineageNodeRecord | null> {
    const rows = await tx.query<NodeRow>(
      `SELECT ${NODE_COLUMNS} FROM lineage_node n
       WHERE n.tenant_id = $1::uuid AND n.kind = 'MODEL_VERSION' AND n.name = $2 AND n.version = $3
         AND ($4::text IS NULL OR n.namespace = $4)
       ORDER BY n.namespace LIMIT 2`,
      [tx.tenantId, ref.model, ref.version, ref.source ?? null],
    );
    if (rows.length > 1) {
      throw new AppError('BAD_REQUEST', {
        publicMessage: 'More than one source has a model version of that name.',
        hint: 'Name the source, for example mlflow/demo.',
      });
    }
    return rows[0] === undefined ? null : nodeRecord(rows[0]);
  }

  /**
   * The ancestry of a model version as lines and their digest. A version that lineage does not know has the empty
   * manifest. Throws LINEAGE_TOO_LARGE instead of a digest over a part.
   */
  async manifest(tx: SqlTx, ref: ModelVersionRef): Promise<LineageManifest> {
    const { graph, knownAtSequence } = await this.#ancestry(tx, ref);
    const { nodes = [], edges = [] } = graph ?? {};
    const lines = manifestLines(nodes, edges);
    return {
      digest: manifestDigest(lines),
      lines,
      nodeCount: nodes.length,
      edgeCount: edges.length,
      knownAtSequence,
    };
  }

  /** Evaluation data that the version's training data holds. Empty: none is known. */
  async leaks(tx: SqlTx, ref: ModelVersionRef): Promise<readonly LeakRecord[]> {
    const { graph } = await this.#ancestry(tx, ref);
    return graph === null ? [] : findLeaks(rolesOf(graph));
  }

  /** What the version's runs read to train, and all that went into it. */
  async trainingData(tx: SqlTx, ref: ModelVersionRef): Promise<RoleData> {
    return this.#roleData(tx, ref, 'training');
  }

  /** What the version's runs read to evaluate, and all that went into it. */
  async evaluationData(tx: SqlTx, ref: ModelVersionRef): Promise<RoleData> {
    return this.#roleData(tx, ref, 'evaluation');
  }

  async #roleData(
    tx: SqlTx,
    ref: ModelVersionRef,
    role: 'training' | 'evaluation',
  ): Promise<RoleData> {
    const { graph, knownAtSequence: knownAt } = await this.#ancestry(tx, ref);
    if (graph === null) return { direct: [], closure: [], truncated: false };
    const start = rolesOf(graph)[role];
    const reached = await walk(tx, { start, direction: 'UPSTREAM', budget: BUDGET_MAX, knownAt });
    const closure = await nodesById(tx, reached.ids);
    const direct = closure.filter((node) => start.includes(node.id));
    return { direct, closure, truncated: reached.truncated };
  }

  async #ancestry(
    tx: SqlTx,
    ref: ModelVersionRef,
  ): Promise<{ graph: LineageGraphRecord | null; knownAtSequence: bigint }> {
    const knownAtSequence = await this.#knownAt(tx, null);
    const root = await this.modelVersionNode(tx, ref);
    if (root === null) return { graph: null, knownAtSequence };
    const graph = await this.#graph(tx, root, 'UPSTREAM', WHOLE_BUDGET, knownAtSequence);
    if (graph.truncated) {
      throw new AppError('LINEAGE_TOO_LARGE', {
        publicMessage: `The ancestry of this version has more than ${WHOLE_BUDGET} nodes.`,
        hint: 'Ask for its lineage with a budget.',
      });
    }
    return { graph, knownAtSequence };
  }

  async #graph(
    tx: SqlTx,
    root: LineageNodeRecord,
    direction: LineageRequest['direction'],
    budget: number,
    knownAt: bigint,
  ): Promise<LineageGraphRecord> {
    const parts = CONTAINERS.has(root.kind);
    const reached = await walk(tx, { start: [root.id], parts, direction, budget, knownAt });
    const nodes = await nodesById(tx, reached.ids);
    const edges = await edgesBetween(tx, reached.ids, knownAt);
    return { root: root.id, nodes, edges, truncated: reached.truncated, knownAtSequence: knownAt };
  }

  /** What was asked for, but never later than the projection is. */
  async #knownAt(tx: SqlTx, asked: bigint | null | undefined): Promise<bigint> {
    const seen = await this.options.cursor(tx);
    if (asked === undefined || asked === null) return seen;
    return asked < seen ? asked : seen;
  }
}

function rolesOf(graph: LineageGraphRecord): RoleGraph {
  const producers = new Set(
    graph.edges.filter((e) => e.to === graph.root && e.kind === 'PRODUCED').map((e) => e.from),
  );
  const read = (role: 'training' | 'evaluation'): string[] => [
    ...new Set(
      graph.edges.filter((e) => producers.has(e.to) && e.role === role).map((e) => e.from),
    ),
  ];
  return {
    root: graph.root,
    nodes: new Map(graph.nodes.map((node) => [node.id, node])),
    edges: graph.edges,
    training: read('training'),
    evaluation: read('evaluation'),
  };
}

function budgetOf(asked: number | null | undefined): number {
  const budget = asked ?? BUDGET_MAX;
  if (Number.isInteger(budget) && budget >= 1 && budget <= BUDGET_MAX) return budget;
  throw new AppError('BAD_REQUEST', {
    publicMessage: `A lineage budget is 1 to ${BUDGET_MAX} nodes, not ${budget}.`,
    hint: 'Leave it out for the largest one.',
  });
}

function like(text: string): string {
  return `%${text.replace(/[\\%_]/g, (special) => `\\${special}`)}%`;
}

function unknownNode(id: string): AppError {
  return new AppError('NOT_FOUND', {
    publicMessage: 'There is no lineage node with that id.',
    hint: 'Look it up with lineageNodes.',
    details: { id },
  });
}

function badCursor(): AppError {
  return new AppError('BAD_CURSOR', {
    publicMessage: 'The cursor is not one that this list gave out.',
    hint: 'Start without a cursor.',
  });
}
