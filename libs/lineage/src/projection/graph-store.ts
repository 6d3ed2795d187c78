import type { SqlTx } from '@countersign/database';
import type { Derived, DerivedEdge } from '../domain/derived.js';
import type { NodeRef } from '../domain/node-ref.js';
import { nodeId } from '../domain/urn.js';
import type { Alias } from '../domain/mentioned.js';

interface EdgeRow {
  readonly src: string;
  readonly dst: string;
  readonly kind: string;
  readonly role: string;
  readonly binding: string;
}

/** An open edge of a unit, all null when it has none, and whether the unit waits for anything. */
type Current = { readonly waits: boolean } & (EdgeRow | { readonly src: null });

/** Writes nodes, edges, aliases and interests of one tenant, each change under the sequence of its entry. */
export class GraphStore {
  /** Nodes that are certainly there; spares their insertion. Valid within one transaction. */
  readonly #seen = new Set<string>();

  constructor(readonly tx: SqlTx) {}

  id(urn: string): string {
    return nodeId(this.tx.tenantId, urn);
  }

  /** Adds the nodes that are not there yet and returns those. A node never changes. */
  async ensureNodes(refs: readonly NodeRef[], sequence: bigint): Promise<NodeRef[]> {
    const fresh = [...new Map(refs.map((ref) => [ref.urn, ref])).values()].filter(
      (ref) => !this.#seen.has(ref.urn),
    );
    if (fresh.length === 0) return [];
    const added = await this.tx.query<{ urn: string }>(
      `INSERT INTO lineage_node (tenant_id, id, kind, namespace, name, version, urn, container, attributes, first_sequence)
       SELECT $1::uuid, n.id, n.kind, n.namespace, n.name, n.version, n.urn, n.container, n.attributes::jsonb, $10::bigint
       FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::text[])
         AS n (id, kind, namespace, name, version, urn, container, attributes)
       ON CONFLICT DO NOTHING
       RETURNING urn`,
      [
        this.tx.tenantId,
        fresh.map((ref) => this.id(ref.urn)),
        fresh.map((ref) => ref.kind),
        fresh.map((ref) => ref.namespace),
        fresh.map((ref) => ref.name),
        fresh.map((ref) => ref.version),
        fresh.map((ref) => ref.urn),
        fresh.map((ref) => (ref.container === null ? null : this.id(ref.container))),
        fresh.map((ref) => JSON.stringify(ref.attributes)),
        sequence,
      ],
    );
    for (const ref of fresh) this.#seen.add(ref.urn);
    const urns = new Set(added.map((row) => row.urn));
    return fresh.filter((ref) => urns.has(ref.urn));
  }

  /** Adds aliases and returns the names that got another meaning. */
  async addAliases(aliases: readonly Alias[], sequence: bigint): Promise<string[]> {
    const fresh = aliases.filter((a) => !this.#seen.has(`${a.alias} = ${a.urn}`));
    if (fresh.length === 0) return [];
    for (const { alias, urn } of fresh) this.#seen.add(`${alias} = ${urn}`);
    const added = await this.tx.query<{ alias: string }>(
      `INSERT INTO lineage_alias (tenant_id, alias, urn, sequence)
       SELECT $1::uuid, a.alias, a.urn, $4::bigint FROM unnest($2::text[], $3::text[]) AS a (alias, urn)
       ON CONFLICT DO NOTHING
       RETURNING alias`,
      [this.tx.tenantId, fresh.map((a) => a.alias), fresh.map((a) => a.urn), sequence],
    );
    return added.map((row) => row.alias);
  }

  /** The URNs behind each of these names. */
  async urnsOf(aliases: readonly string[]): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    if (aliases.length === 0) return found;
    const rows = await this.tx.query<{ alias: string; urn: string }>(
      `SELECT alias, urn FROM lineage_alias WHERE tenant_id = $1::uuid AND alias = ANY($2::text[])
       ORDER BY alias, urn`,
      [this.tx.tenantId, aliases],
    );
    for (const { alias, urn } of rows) found.set(alias, [...(found.get(alias) ?? []), urn]);
    return found;
  }

  async aliasesOf(urns: readonly string[]): Promise<string[]> {
    const rows = await this.tx.query<{ alias: string }>(
      'SELECT alias FROM lineage_alias WHERE tenant_id = $1::uuid AND urn = ANY($2::text[])',
      [this.tx.tenantId, urns],
    );
    return rows.map((row) => row.alias);
  }

  /** Which of these nodes exist. */
  async known(urns: readonly string[]): Promise<Set<string>> {
    if (urns.length === 0) return new Set();
    const rows = await this.tx.query<{ urn: string }>(
      'SELECT urn FROM lineage_node WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])',
      [this.tx.tenantId, urns.map((urn) => this.id(urn))],
    );
    return new Set(rows.map((row) => row.urn));
  }

  /** The known versions of a dataset that round to a reported number. */
  async versionsNear(dataset: string, rounded: string): Promise<string[]> {
    const rows = await this.tx.query<{ version: string }>(
      `SELECT version FROM lineage_node
       WHERE tenant_id = $1::uuid AND container = $2::uuid AND kind = 'DATASET_VERSION'
         AND CASE WHEN version ~ '^-?[0-9]{1,20}$' THEN version::numeric::float8 = $3::float8 ELSE false END
       ORDER BY version`,
      [this.tx.tenantId, this.id(dataset), Number(rounded)],
    );
    return rows.map((row) => row.version);
  }

  /** Makes the unit's edges and interests what they are now; closes what no longer holds. */
  async replace(unit: string, derived: Derived, sequence: bigint): Promise<void> {
    await this.ensureNodes(derived.nodes, sequence);
    const current = await this.tx.query<Current>(
      `SELECT e.src, e.dst, e.kind, e.role, e.binding, u.waits
       FROM (SELECT EXISTS (
               SELECT 1 FROM lineage_interest WHERE tenant_id = $1::uuid AND unit = $2) AS waits) u
       LEFT JOIN lineage_edge e
         ON e.tenant_id = $1::uuid AND e.unit = $2 AND e.superseded_at_sequence IS NULL`,
      [this.tx.tenantId, unit],
    );
    const wanted = new Map(derived.edges.map((edge) => this.#row(edge)).map((r) => [text(r), r]));
    const open = current.filter((row): row is Current & EdgeRow => row.src !== null);
    const held = new Set(open.map(text));
    await this.#close(
      unit,
      open.filter((row) => !wanted.has(text(row))),
      sequence,
    );
    await this.#open(
      unit,
      [...wanted.values()].filter((row) => !held.has(text(row))),
      sequence,
    );
    if (derived.waitsFor.length > 0 || current[0]?.waits === true) {
      await this.#replaceInterests(unit, derived.waitsFor);
    }
  }

  /** The units that wait for any of these topics. */
  async interested(topics: readonly string[]): Promise<string[]> {
    if (topics.length === 0) return [];
    const rows = await this.tx.query<{ unit: string }>(
      `SELECT DISTINCT unit FROM lineage_interest WHERE tenant_id = $1::uuid AND topic = ANY($2::text[])
       ORDER BY unit`,
      [this.tx.tenantId, topics],
    );
    return rows.map((row) => row.unit);
  }

  #row(edge: DerivedEdge): EdgeRow {
    const { kind, binding } = edge;
    return { src: this.id(edge.src), dst: this.id(edge.dst), kind, role: edge.role ?? '', binding };
  }

  async #close(unit: string, rows: readonly EdgeRow[], sequence: bigint): Promise<void> {
    if (rows.length === 0) return;
    await this.tx.query(
      `UPDATE lineage_edge e SET superseded_at_sequence = $7::bigint
       FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS gone (src, dst, kind, role)
       WHERE e.tenant_id = $1::uuid AND e.unit = $2 AND e.superseded_at_sequence IS NULL
         AND e.src = gone.src AND e.dst = gone.dst AND e.kind = gone.kind AND e.role = gone.role`,
      [this.tx.tenantId, unit, ...columns(rows), sequence],
    );
  }

  async #open(unit: string, rows: readonly EdgeRow[], sequence: bigint): Promise<void> {
    if (rows.length === 0) return;
    await this.tx.query(
      `INSERT INTO lineage_edge (tenant_id, unit, src, dst, kind, role, binding, sequence)
       SELECT $1::uuid, $2, added.src, added.dst, added.kind, added.role, added.binding, $8::bigint
       FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[])
         AS added (src, dst, kind, role, binding)`,
      [this.tx.tenantId, unit, ...columns(rows), rows.map((row) => row.binding), sequence],
    );
  }

  async #replaceInterests(unit: string, topics: readonly string[]): Promise<void> {
    await this.tx.query(
      `WITH gone AS (
         DELETE FROM lineage_interest
         WHERE tenant_id = $1::uuid AND unit = $2 AND NOT topic = ANY($3::text[]))
       INSERT INTO lineage_interest (tenant_id, topic, unit)
       SELECT $1::uuid, topic, $2 FROM unnest($3::text[]) AS topic
       ON CONFLICT DO NOTHING`,
      [this.tx.tenantId, unit, topics],
    );
  }
}

function text(row: EdgeRow): string {
  return [row.src, row.dst, row.kind, row.role, row.binding].join(' ');
}

function columns(rows: readonly EdgeRow[]): [string[], string[], string[], string[]] {
  return [
    rows.map((row) => row.src),
    rows.map((row) => row.dst),
    rows.map((row) => row.kind),
    rows.map((row) => row.role),
  ];
}
