import type { SqlTx } from '@countersign/database';
import type { ModelVersionFacts } from '../domain/model-version.js';
import { tableAlias } from '../domain/topics.js';
import { runUuid, type TrackingRun } from '../domain/tracking-run.js';

interface ModelVersionRow {
  readonly source: string;
  readonly model: string;
  readonly version: string;
  readonly run_id: string | null;
  readonly source_uri: string | null;
}

export interface TrackingKey {
  readonly source: string;
  readonly runId: string;
}

/** Facts of training runs and model versions of one tenant. */
export class TrackingStore {
  constructor(readonly tx: SqlTx) {}

  async run(key: TrackingKey): Promise<TrackingRun | null> {
    const [row] = await this.tx.query<{ facts: TrackingRun }>(
      'SELECT facts FROM lineage_tracking_run WHERE tenant_id = $1::uuid AND source = $2 AND run_id = $3',
      [this.tx.tenantId, key.source, key.runId],
    );
    return row?.facts ?? null;
  }

  /** The newest observation takes the place of the one before. */
  async saveRun(run: TrackingRun): Promise<void> {
    await this.tx.query(
      `INSERT INTO lineage_tracking_run
         (tenant_id, source, run_id, run_uuid, application_id, starts_at, ends_at, lookups, facts)
       VALUES ($1::uuid, $2, $3, $4, $5, $6::bigint, $7::bigint, $8::text[], $9::jsonb)
       ON CONFLICT (tenant_id, source, run_id) DO UPDATE SET application_id = EXCLUDED.application_id,
         starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at, lookups = EXCLUDED.lookups,
         facts = EXCLUDED.facts`,
      [
        this.tx.tenantId,
        run.source,
        run.runId,
        runUuid(run.runId),
        run.applicationId,
        run.startsAt,
        run.endsAt,
        lookupsOf(run),
        JSON.stringify(run),
      ],
    );
  }

  /** Training runs whose id one of these lineage facts carries. */
  async joinedTo(ids: {
    readonly runIds: readonly string[];
    readonly uuids: readonly string[];
    readonly applicationIds: readonly string[];
  }): Promise<TrackingKey[]> {
    return this.tx.query<TrackingKey>(
      `SELECT source, run_id AS "runId" FROM lineage_tracking_run
       WHERE tenant_id = $1::uuid
         AND (run_id = ANY($2::text[]) OR run_uuid = ANY($3::text[]) OR application_id = ANY($4::text[]))
       ORDER BY source, run_id`,
      [this.tx.tenantId, ids.runIds, ids.uuids, ids.applicationIds],
    );
  }

  /** Training runs that were going on at a moment and look for one of these names. */
  async lookingFor(names: readonly string[], at: number): Promise<TrackingKey[]> {
    return this.tx.query<TrackingKey>(
      `SELECT source, run_id AS "runId" FROM lineage_tracking_run
       WHERE tenant_id = $1::uuid AND ends_at >= $2::bigint AND starts_at <= $2::bigint
         AND lookups && $3::text[]
       ORDER BY source, run_id`,
      [this.tx.tenantId, at, names],
    );
  }

  async modelVersion(
    source: string,
    model: string,
    version: string,
  ): Promise<ModelVersionFacts | null> {
    const [row] = await this.tx.query<ModelVersionRow>(
      `SELECT source, model, version, run_id, source_uri FROM lineage_model_version
       WHERE tenant_id = $1::uuid AND source = $2 AND model = $3 AND version = $4`,
      [this.tx.tenantId, source, model, version],
    );
    if (row === undefined) return null;
    return { source, model, version, runId: row.run_id, sourceUri: row.source_uri };
  }

  async saveModelVersion(facts: ModelVersionFacts): Promise<void> {
    await this.tx.query(
      `INSERT INTO lineage_model_version (tenant_id, source, model, version, run_id, source_uri)
       VALUES ($1::uuid, $2, $3, $4, $5, $6)
       ON CONFLICT (tenant_id, source, model, version) DO UPDATE SET run_id = EXCLUDED.run_id,
         source_uri = EXCLUDED.source_uri`,
      [this.tx.tenantId, facts.source, facts.model, facts.version, facts.runId, facts.sourceUri],
    );
  }
}

/** Every name under which a dataset of this run may be known: aliases and URNs. */
export function lookupsOf(run: TrackingRun): string[] {
  const names = run.inputs.flatMap((input) => [
    ...input.tables.map(tableAlias),
    ...(input.dataset === null ? [] : [input.dataset]),
  ]);
  return [...new Set(names)].sort();
}
