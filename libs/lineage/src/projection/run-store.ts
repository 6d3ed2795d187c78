import type { SqlTx } from '@countersign/database';
import type { OutputRow, RunFacts } from '../domain/facts.js';
import { onlyReads } from '../domain/run-edges.js';
import { compareClaims, type Claim } from '../domain/rules.js';
import { outputRow } from '../domain/write-units.js';
import { nodeId } from '../domain/urn.js';

interface ClaimRow {
  readonly run_id: string;
  readonly version: string;
  readonly claimed_at: bigint;
  readonly sequence: bigint;
}

interface OutputRecord {
  readonly run_id: string;
  readonly as_select: boolean;
  readonly begins_at: bigint;
  readonly ends_at: bigint;
}

/** Facts of OpenLineage runs of one tenant, and the tables that find runs by what they said. */
export class RunStore {
  /** Runs as they are now, null for one that is not there. Valid within one transaction, which alone writes them. */
  readonly #known = new Map<string, RunFacts | null>();

  constructor(readonly tx: SqlTx) {}

  /** Reads these runs at once, so that asking for one of them costs nothing. */
  async prefetch(runIds: readonly string[]): Promise<void> {
    const missing = [...new Set(runIds)].filter((runId) => !this.#known.has(runId));
    if (missing.length === 0) return;
    const rows = await this.tx.query<{ run_id: string; facts: RunFacts }>(
      'SELECT run_id, facts FROM lineage_run WHERE tenant_id = $1::uuid AND run_id = ANY($2::text[])',
      [this.tx.tenantId, missing],
    );
    for (const runId of missing) this.#known.set(runId, null);
    for (const row of rows) this.#known.set(row.run_id, row.facts);
  }

  async runs(runIds: readonly string[]): Promise<Map<string, RunFacts>> {
    await this.prefetch(runIds);
    const found = new Map<string, RunFacts>();
    for (const runId of runIds) {
      const run = this.#known.get(runId) ?? null;
      if (run !== null) found.set(runId, run);
    }
    return found;
  }

  async run(runId: string): Promise<RunFacts | null> {
    return (await this.runs([runId])).get(runId) ?? null;
  }

  async save(run: RunFacts): Promise<void> {
    await this.tx.query(
      `INSERT INTO lineage_run (tenant_id, run_id, parent_run_id, root_run_id, application_id, tracking_run_id, facts)
       VALUES ($1::uuid, $2, $3, $4, $5, $6, $7::jsonb)
       ON CONFLICT (tenant_id, run_id) DO UPDATE SET parent_run_id = EXCLUDED.parent_run_id,
         root_run_id = EXCLUDED.root_run_id, application_id = EXCLUDED.application_id,
         tracking_run_id = EXCLUDED.tracking_run_id, facts = EXCLUDED.facts`,
      [
        this.tx.tenantId,
        run.runId,
        run.parentRunId,
        run.rootRunId,
        run.applicationId,
        run.trackingRunId,
        JSON.stringify(run),
      ],
    );
    await this.#saveOutputs(run);
    const before = this.#known.get(run.runId) ?? null;
    if (onlyReads(run) || (before !== null && onlyReads(before))) await this.#saveReads(run);
    this.#known.set(run.runId, run);
  }

  /** What the run claims now takes the place of what it claimed before. A failed run claims nothing. */
  async saveClaims(before: RunFacts | null, run: RunFacts, sequence: bigint): Promise<void> {
    const old = new Map(claimsOf(before).map((claim) => [key(claim), claim]));
    const wanted = claimsOf(run);
    const kept = new Set(wanted.map(key));
    const gone = [...old.values()].filter((claim) => !kept.has(key(claim)));
    const changed = wanted.filter((claim) => old.get(key(claim))?.at !== claim.at);
    if (gone.length > 0) {
      await this.tx.query(
        `DELETE FROM lineage_claim c USING unnest($3::uuid[], $4::text[]) AS gone (dataset, version)
         WHERE c.tenant_id = $1::uuid AND c.run_id = $2 AND c.dataset = gone.dataset AND c.version = gone.version`,
        [
          this.tx.tenantId,
          run.runId,
          gone.map((claim) => this.#id(claim.dataset)),
          gone.map((claim) => claim.version),
        ],
      );
    }
    if (changed.length === 0) return;
    await this.tx.query(
      `INSERT INTO lineage_claim (tenant_id, dataset, version, run_id, claimed_at, sequence)
       SELECT $1::uuid, c.dataset, c.version, $2, c.claimed_at, $6::bigint
       FROM unnest($3::uuid[], $4::text[], $5::bigint[]) AS c (dataset, version, claimed_at)
       ON CONFLICT (tenant_id, dataset, version, run_id) DO UPDATE SET claimed_at = EXCLUDED.claimed_at`,
      [
        this.tx.tenantId,
        run.runId,
        changed.map((claim) => this.#id(claim.dataset)),
        changed.map((claim) => claim.version),
        changed.map((claim) => claim.at),
        sequence,
      ],
    );
  }

  /** All claims of these versions of a dataset, first ones first. */
  async claims(dataset: string, versions: readonly string[]): Promise<Claim[]> {
    if (versions.length === 0) return [];
    const rows = await this.tx.query<ClaimRow>(
      `SELECT run_id, version, claimed_at, sequence FROM lineage_claim
       WHERE tenant_id = $1::uuid AND dataset = $2::uuid AND version = ANY($3::text[])`,
      [this.tx.tenantId, this.#id(dataset), versions],
    );
    return rows.map(claimOf).sort(compareClaims);
  }

  /** The first claim of the version that follows (or precedes) this claim in time, or null. */
  async neighbour(dataset: string, claim: Claim, side: 'before' | 'after'): Promise<Claim | null> {
    const [compare, order] = side === 'before' ? ['<', 'DESC'] : ['>', 'ASC'];
    const [row] = await this.tx.query<ClaimRow>(
      `SELECT c.run_id, c.version, c.claimed_at, c.sequence FROM lineage_claim c
       WHERE c.tenant_id = $1::uuid AND c.dataset = $2::uuid AND c.version <> $3
         AND (c.claimed_at, c.sequence, c.run_id) ${compare} ($4::bigint, $5::bigint, $6::text)
         AND NOT EXISTS (
           SELECT 1 FROM lineage_claim f
           WHERE f.tenant_id = $1::uuid AND f.dataset = c.dataset AND f.version = c.version
             AND (f.claimed_at, f.sequence, f.run_id) < (c.claimed_at, c.sequence, c.run_id))
       ORDER BY c.claimed_at ${order}, c.sequence ${order}, c.run_id ${order} LIMIT 1`,
      [
        this.tx.tenantId,
        this.#id(dataset),
        claim.version,
        claim.claimedAt,
        claim.sequence,
        claim.runId,
      ],
    );
    return row === undefined ? null : claimOf(row);
  }

  /** The runs of one application that name this dataset as output: all AS SELECT statements, and the rest in a span. */
  async outputs(
    dataset: string,
    parentRunId: string,
    span: { readonly from: number; readonly to: number } | 'statements',
  ): Promise<OutputRow[]> {
    const [condition, values] =
      span === 'statements'
        ? ['as_select', []]
        : ['NOT as_select AND begins_at BETWEEN $4::bigint AND $5::bigint', [span.from, span.to]];
    const rows = await this.tx.query<OutputRecord>(
      `SELECT run_id, as_select, begins_at, ends_at FROM lineage_output
       WHERE tenant_id = $1::uuid AND dataset = $2::uuid AND parent_run_id = $3 AND ${condition}`,
      [this.tx.tenantId, this.#id(dataset), parentRunId, ...values],
    );
    return rows.map((row) => ({
      runId: row.run_id,
      asSelect: row.as_select,
      beginsAt: Number(row.begins_at),
      endsAt: Number(row.ends_at),
    }));
  }

  /** Runs that only read and carry this training run's id in one way or another. */
  async readersJoinedTo(ids: {
    readonly runId: string;
    readonly runUuid: string;
    readonly applicationId: string | null;
  }): Promise<RunFacts[]> {
    const rows = await this.tx.query<{ facts: RunFacts }>(
      `SELECT r.facts FROM lineage_run r
       WHERE r.tenant_id = $1::uuid
         AND (r.tracking_run_id = $2 OR r.application_id = $3 OR r.parent_run_id = $4 OR r.root_run_id = $4)
         AND (r.tracking_run_id IS NULL OR r.tracking_run_id = $2)
         AND EXISTS (SELECT 1 FROM lineage_read d WHERE d.tenant_id = $1::uuid AND d.run_id = r.run_id)
       ORDER BY r.run_id`,
      [this.tx.tenantId, ids.runId, ids.applicationId, ids.runUuid],
    );
    return rows.map((row) => row.facts);
  }

  /** Runs that only read one of these datasets in a span of time and carry no training run's id. */
  async readersNear(
    datasets: readonly string[],
    span: { readonly from: number; readonly to: number },
  ): Promise<RunFacts[]> {
    if (datasets.length === 0) return [];
    const rows = await this.tx.query<{ facts: RunFacts }>(
      `SELECT r.facts FROM lineage_run r
       WHERE r.tenant_id = $1::uuid AND r.tracking_run_id IS NULL AND r.run_id IN (
         SELECT d.run_id FROM lineage_read d
         WHERE d.tenant_id = $1::uuid AND d.dataset = ANY($2::uuid[])
           AND d.read_at BETWEEN $3::bigint AND $4::bigint)
       ORDER BY r.run_id`,
      [this.tx.tenantId, datasets.map((dataset) => this.#id(dataset)), span.from, span.to],
    );
    return rows.map((row) => row.facts);
  }

  async #saveOutputs(run: RunFacts): Promise<void> {
    if (run.outputs.length === 0) return;
    const row = outputRow(run);
    await this.tx.query(
      `WITH gone AS (
         DELETE FROM lineage_output WHERE tenant_id = $1::uuid AND dataset = ANY($2::uuid[])
           AND run_id = $4 AND parent_run_id <> $3)
       INSERT INTO lineage_output (tenant_id, dataset, parent_run_id, run_id, as_select, begins_at, ends_at)
       SELECT $1::uuid, dataset, $3, $4, $5, $6::bigint, $7::bigint FROM unnest($2::uuid[]) AS dataset
       ON CONFLICT (tenant_id, dataset, parent_run_id, run_id) DO UPDATE SET
         as_select = EXCLUDED.as_select, begins_at = EXCLUDED.begins_at, ends_at = EXCLUDED.ends_at`,
      [
        this.tx.tenantId,
        run.outputs.map((output) => this.#id(output.dataset)),
        run.parentRunId ?? '',
        run.runId,
        row.asSelect,
        row.beginsAt,
        row.endsAt,
      ],
    );
  }

  async #saveReads(run: RunFacts): Promise<void> {
    const datasets = onlyReads(run) ? [...new Set(run.inputs.map((i) => this.#id(i.dataset)))] : [];
    await this.tx.query(
      `WITH gone AS (
         DELETE FROM lineage_read WHERE tenant_id = $1::uuid AND run_id = $2
           AND NOT (dataset = ANY($3::uuid[]) AND read_at = $4::bigint))
       INSERT INTO lineage_read (tenant_id, dataset, read_at, run_id)
       SELECT $1::uuid, dataset, $4::bigint, $2 FROM unnest($3::uuid[]) AS dataset
       ON CONFLICT DO NOTHING`,
      [this.tx.tenantId, run.runId, datasets, run.completedAt ?? 0],
    );
  }

  #id(urn: string): string {
    return nodeId(this.tx.tenantId, urn);
  }
}

interface StatedOutput {
  readonly dataset: string;
  readonly version: string;
  readonly at: number;
}

/** What a run claims to have written. */
export function claimsOf(run: RunFacts | null): StatedOutput[] {
  if (run === null || run.failed) return [];
  return run.outputs.flatMap((output) =>
    output.stated.map((statement) => ({ dataset: output.dataset, ...statement })),
  );
}

function key(claim: StatedOutput): string {
  return `${claim.dataset} ${claim.version}`;
}

function claimOf(row: ClaimRow): Claim {
  return {
    runId: row.run_id,
    version: row.version,
    claimedAt: Number(row.claimed_at),
    sequence: row.sequence,
  };
}
