import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import type { ModelDbRow } from '../mirror/rows.js';
import type { ModelKind } from './records.js';

export interface ModelLookup {
  readonly name: string;
  readonly source?: string | null | undefined;
  /** Default: the newest. */
  readonly incarnation?: number | null | undefined;
  /** Default: a model, or a prompt when no model has the name. */
  readonly kind?: ModelKind | undefined;
}

/** Every incarnation of one name in one source, newest first. AMBIGUOUS_SOURCE when several sources have it. */
export async function incarnationsOf(tx: SqlTx, lookup: ModelLookup): Promise<ModelDbRow[]> {
  const rows = await tx.query<ModelDbRow>(
    `SELECT * FROM registry_model
      WHERE tenant_id = $1::uuid AND name = $2::text
        AND ($3::text IS NULL OR source = $3::text) AND ($4::text IS NULL OR kind = $4::text)
      ORDER BY source, incarnation DESC`,
    [tx.tenantId, lookup.name, lookup.source ?? null, lookup.kind ?? null],
  );
  const models = rows.filter((row) => row.kind === 'model');
  const ofKind = models.length > 0 ? models : rows;
  const sources = [...new Set(ofKind.map((row) => row.source))];
  if (sources.length > 1) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: `Several sources have a registered model of this name: ${sources.join(', ')}.`,
      hint: 'Say which one is meant with the argument `source`.',
      details: { reason: 'AMBIGUOUS_SOURCE' },
    });
  }
  return ofKind;
}

/** One incarnation, or null when the name is unknown. */
export async function findModel(tx: SqlTx, lookup: ModelLookup): Promise<ModelDbRow | null> {
  const rows = await incarnationsOf(tx, lookup);
  const { incarnation } = lookup;
  const found =
    incarnation === null || incarnation === undefined
      ? rows[0]
      : rows.find((row) => row.incarnation === incarnation);
  return found ?? null;
}
