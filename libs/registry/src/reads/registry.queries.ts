import type { SqlTx } from '@countersign/database';
import { subjects } from '@countersign/events';
import type { Page, PageRequest } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import { versionId } from '../domain/ids.js';
import { canonicalVersion } from '../domain/version-text.js';
import { valueOf, type ModelDbRow, type SpanDbRow } from '../mirror/rows.js';
import { SealedText } from '../mirror/sealed-text.js';
import { changesOf } from './changes.js';
import { findModel } from './find-model.js';
import { listModels, listVersions } from './lists.js';
import { placementsAt } from './placements.js';
import type {
  AliasRecord,
  ModelFilter,
  ModelVersionRecord,
  PlacementQuery,
  PlacementRecord,
  RecordedChange,
  RegisteredModelRecord,
  TagRecord,
} from './records.js';
import {
  grouped,
  modelRecord,
  placementRecord,
  SELECT_VERSION,
  versionRecord,
  type VersionReadRow,
} from './rows.js';

/** What is believed now and holds now. */
const CURRENT = 'known_to IS NULL AND to_latest IS NULL AND present';

/** Reads of the registry mirror of one tenant. */
export class RegistryQueries {
  readonly #vault: Vault;

  constructor(options: { readonly vault: Vault }) {
    this.#vault = options.vault;
  }

  /** The newest incarnation of each name, by name and source. */
  async models(
    tx: SqlTx,
    filter: ModelFilter,
    page: PageRequest,
  ): Promise<Page<RegisteredModelRecord>> {
    return listModels(tx, filter, page, await this.#texts(tx));
  }

  /** One model; its newest incarnation by default. BAD_REQUEST when several sources have the name and none is named. */
  async model(
    tx: SqlTx,
    name: string,
    source?: string | null,
    incarnation?: number | null,
  ): Promise<RegisteredModelRecord | null> {
    const row = await findModel(tx, { name, source, incarnation });
    return row === null ? null : modelRecord(row, await this.#texts(tx));
  }

  /** Versions of a model in numeric order. */
  async versions(tx: SqlTx, modelId: string, page: PageRequest): Promise<Page<ModelVersionRecord>> {
    return listVersions(tx, modelId, page, await this.#texts(tx));
  }

  /** One version of the newest incarnation, in any spelling of its number. Same refusal as `model`. */
  async version(
    tx: SqlTx,
    model: string,
    version: string,
    source?: string | null,
  ): Promise<ModelVersionRecord | null> {
    const row = await findModel(tx, { name: model, source });
    return row === null ? null : this.versionById(tx, versionId(row.id, canonicalVersion(version)));
  }

  async versionById(tx: SqlTx, id: string): Promise<ModelVersionRecord | null> {
    return (await this.versionsByIds(tx, [id])).get(id) ?? null;
  }

  async modelsByIds(
    tx: SqlTx,
    ids: readonly string[],
  ): Promise<Map<string, RegisteredModelRecord>> {
    const rows = await tx.query<ModelDbRow>(
      'SELECT * FROM registry_model WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])',
      [tx.tenantId, ids],
    );
    const texts = await this.#texts(tx);
    return new Map(rows.map((row) => [row.id, modelRecord(row, texts)]));
  }

  async versionsByIds(tx: SqlTx, ids: readonly string[]): Promise<Map<string, ModelVersionRecord>> {
    const rows = await tx.query<VersionReadRow>(`${SELECT_VERSION} AND v.id = ANY($2::uuid[])`, [
      tx.tenantId,
      ids,
    ]);
    const texts = await this.#texts(tx);
    return new Map(rows.map((row) => [row.id, versionRecord(row, texts)]));
  }

  /** Current tags of models or versions, by owner id, in key order. */
  async tagsOf(tx: SqlTx, ownerIds: readonly string[]): Promise<Map<string, TagRecord[]>> {
    const rows = await tx.query<SpanDbRow>(
      `SELECT * FROM registry_span
        WHERE tenant_id = $1::uuid AND kind = 'tag' AND ${CURRENT}
          AND (version_id = ANY($2::uuid[]) OR (model_id = ANY($2::uuid[]) AND version_id IS NULL))
        ORDER BY key COLLATE "C"`,
      [tx.tenantId, ownerIds],
    );
    const texts = await this.#texts(tx);
    return grouped(
      ownerIds,
      rows,
      (row) => row.version_id ?? row.model_id,
      (row) => ({
        key: row.key,
        value: valueOf(row, row.opened_sequence, texts),
        entrySequence: row.entry_sequence,
      }),
    );
  }

  /** Current aliases of models, by model id, in name order. */
  async aliasesOf(tx: SqlTx, modelIds: readonly string[]): Promise<Map<string, AliasRecord[]>> {
    return this.#aliases(tx, 'model_id', modelIds);
  }

  /** Current aliases of versions, by version id, in name order. */
  async aliasesOfVersions(
    tx: SqlTx,
    versionIds: readonly string[],
  ): Promise<Map<string, AliasRecord[]>> {
    return this.#aliases(tx, 'version_id', versionIds);
  }

  /** Every placement of versions, past ones too, by version id, oldest first. `stage:None` is left out. */
  async placementsOf(
    tx: SqlTx,
    versionIds: readonly string[],
  ): Promise<Map<string, PlacementRecord[]>> {
    const rows = await tx.query<SpanDbRow>(
      `SELECT * FROM registry_span
        WHERE tenant_id = $1::uuid AND version_id = ANY($2::uuid[]) AND known_to IS NULL AND present
          AND (kind = 'alias' OR (kind = 'stage' AND value <> 'None'))
        ORDER BY from_latest, from_earliest, opened_sequence, slot_id`,
      [tx.tenantId, versionIds],
    );
    return grouped(versionIds, rows, (row) => row.version_id, placementRecord);
  }

  /** Which version held (or may have held) the target at that moment, as known at that sequence. */
  async placements(tx: SqlTx, query: PlacementQuery): Promise<PlacementRecord[]> {
    return placementsAt(tx, query);
  }

  /** What holds the target now; of several holders of a stage the one placed last. */
  async currentHolder(
    tx: SqlTx,
    query: {
      readonly model: string;
      readonly target: string;
      readonly source?: string | null | undefined;
    },
  ): Promise<PlacementRecord | null> {
    return (await placementsAt(tx, query)).at(-1) ?? null;
  }

  /** Subjects of the entries that are about this version, for LedgerQueries.entries. */
  async historySubjects(tx: SqlTx, id: string): Promise<string[]> {
    const version = await this.versionById(tx, id);
    if (version === null) return [];
    const { kind, modelName, runId } = version;
    const aliases = await tx.query<{ key: string }>(
      `SELECT DISTINCT key FROM registry_span
        WHERE tenant_id = $1::uuid AND version_id = $2::uuid AND kind = 'alias' AND present
        ORDER BY key`,
      [tx.tenantId, id],
    );
    const [ofVersion, ofAlias] =
      kind === 'prompt'
        ? [subjects.promptVersion, subjects.promptAlias]
        : [subjects.modelVersion, subjects.alias];
    return [
      ofVersion(modelName, version.version),
      ...aliases.map(({ key }) => ofAlias(modelName, key)),
      ...(runId === null ? [] : [subjects.run(runId)]),
    ];
  }

  /** What each entry changed, with the value before it (inferred from the mirror). */
  async changesOf(tx: SqlTx, sequences: readonly bigint[]): Promise<Map<bigint, RecordedChange[]>> {
    return changesOf(tx, sequences, await this.#texts(tx));
  }

  /** Opens free text; all of it is null once the tenant was closed. */
  async #texts(tx: SqlTx): Promise<SealedText> {
    return new SealedText(await this.#vault.find(tx.tenantId));
  }

  async #aliases(
    tx: SqlTx,
    column: 'model_id' | 'version_id',
    ids: readonly string[],
  ): Promise<Map<string, AliasRecord[]>> {
    const rows = await tx.query<SpanDbRow>(
      `SELECT * FROM registry_span
        WHERE tenant_id = $1::uuid AND kind = 'alias' AND ${column} = ANY($2::uuid[]) AND ${CURRENT}
        ORDER BY key COLLATE "C"`,
      [tx.tenantId, ids],
    );
    return grouped(
      ids,
      rows,
      (row) => row[column],
      (row) => ({
        name: row.key,
        version: row.value ?? '',
        versionId: row.version_id ?? '',
        entrySequence: row.entry_sequence,
      }),
    );
  }
}
