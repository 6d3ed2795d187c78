import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { slotId } from '../domain/ids.js';
import type { SpanDbRow } from '../mirror/rows.js';
import { incarnationsOf } from './find-model.js';
import type { PlacementQuery, PlacementRecord } from './records.js';
import { placementRecord } from './rows.js';

/** The registries spell stages this way and accept any case. */
const STAGES = ['None', 'Staging', 'Production', 'Archived'];

type Target =
  | { readonly kind: 'alias'; readonly alias: string }
  | { readonly kind: 'stage'; readonly stage: string };

/** Reads `alias:<name>` or `stage:<Stage>`. Throws BAD_REQUEST for anything else. */
export function parseTarget(target: string): Target {
  const [, kind, rest] = /^(alias|stage):(.+)$/su.exec(target) ?? [];
  if (kind === 'alias' && rest !== undefined) return { kind, alias: rest };
  if (kind === 'stage' && rest !== undefined) {
    const known = STAGES.find((stage) => stage.toLowerCase() === rest.toLowerCase());
    return { kind, stage: known ?? rest };
  }
  throw new AppError('BAD_REQUEST', {
    publicMessage: 'A target is written alias:<name> or stage:<Stage>.',
    hint: 'For example alias:champion or stage:Production.',
  });
}

/**
 * What held, or may have held, a target at a moment, as the mirror knew it when the ledger's last entry was
 * `knownAtSequence`; oldest first. A placement with a range instead of an instant is in the answer when any
 * of its possible stretches covers the moment: the ranges say how sure that is.
 */
export async function placementsAt(tx: SqlTx, query: PlacementQuery): Promise<PlacementRecord[]> {
  const target = parseTarget(query.target);
  const models = await incarnationsOf(tx, { name: query.model, source: query.source });
  if (models.length === 0) return [];
  const modelIds = models.map((model) => model.id);
  const rows = await tx.query<SpanDbRow>(
    `SELECT * FROM registry_span
      WHERE tenant_id = $1::uuid AND model_id = ANY($2::uuid[]) AND present
        AND ${
          target.kind === 'alias'
            ? `kind = 'alias' AND slot_id = ANY($3::uuid[])`
            : `kind = 'stage' AND value = $3::text`
        }
        AND CASE WHEN $4::int8 IS NULL THEN known_to IS NULL
                 ELSE known_from <= $4::int8 AND (known_to IS NULL OR known_to > $4::int8) END
        AND CASE WHEN $5::timestamptz IS NULL THEN to_latest IS NULL
                 ELSE from_earliest <= $5::timestamptz
                  AND (to_latest IS NULL OR to_latest > $5::timestamptz) END
      ORDER BY from_latest, from_earliest, opened_sequence, slot_id`,
    [
      tx.tenantId,
      modelIds,
      target.kind === 'alias'
        ? modelIds.map((id) => slotId(id, 'alias', target.alias))
        : target.stage,
      query.knownAtSequence === null || query.knownAtSequence === undefined
        ? null
        : String(query.knownAtSequence),
      query.at?.toISOString() ?? null,
    ],
  );
  return rows.map(placementRecord);
}
