import type { SqlTx } from '@countersign/database';
import { AppError, type Page, type PageRequest } from '@countersign/kernel';
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

/** Reads of the registry mirror of one tenant. */
export class RegistryQueries {
  /** Models by name, source, incarnation. */
  models(
    _tx: SqlTx,
    _filter: ModelFilter,
    _page: PageRequest,
  ): Promise<Page<RegisteredModelRecord>> {
    return Promise.reject(building());
  }
  /** One model; the newest incarnation by default. BAD_REQUEST when several sources have the name and none is named. */
  model(
    _tx: SqlTx,
    _name: string,
    _source?: string | null,
    _incarnation?: number | null,
  ): Promise<RegisteredModelRecord | null> {
    return Promise.reject(building());
  }
  /** Versions of a model in numeric order. */
  versions(_tx: SqlTx, _modelId: string, _page: PageRequest): Promise<Page<ModelVersionRecord>> {
    return Promise.reject(building());
  }
  /** One version of the newest incarnation. Same refusal as `model`. */
  version(
    _tx: SqlTx,
    _model: string,
    _version: string,
    _source?: string | null,
  ): Promise<ModelVersionRecord | null> {
    return Promise.reject(building());
  }
  versionById(_tx: SqlTx, _id: string): Promise<ModelVersionRecord | null> {
    return Promise.reject(building());
  }
  modelsByIds(_tx: SqlTx, _ids: readonly string[]): Promise<Map<string, RegisteredModelRecord>> {
    return Promise.reject(building());
  }
  versionsByIds(_tx: SqlTx, _ids: readonly string[]): Promise<Map<string, ModelVersionRecord>> {
    return Promise.reject(building());
  }
  /** Current tags of models or versions, by owner id. */
  tagsOf(_tx: SqlTx, _ownerIds: readonly string[]): Promise<Map<string, TagRecord[]>> {
    return Promise.reject(building());
  }
  /** Current aliases of models, by model id. */
  aliasesOf(_tx: SqlTx, _modelIds: readonly string[]): Promise<Map<string, AliasRecord[]>> {
    return Promise.reject(building());
  }
  /** Current aliases of versions, by version id. */
  aliasesOfVersions(
    _tx: SqlTx,
    _versionIds: readonly string[],
  ): Promise<Map<string, AliasRecord[]>> {
    return Promise.reject(building());
  }
  /** Every placement of versions, past ones too, by version id, oldest first. `stage:None` is left out. */
  placementsOf(
    _tx: SqlTx,
    _versionIds: readonly string[],
  ): Promise<Map<string, PlacementRecord[]>> {
    return Promise.reject(building());
  }
  /** Which version held (or may have held) the target at that moment, as known at that sequence. */
  placements(_tx: SqlTx, _query: PlacementQuery): Promise<PlacementRecord[]> {
    return Promise.reject(building());
  }
  /** What holds the target now; of several holders of a stage the one placed last. */
  currentHolder(
    _tx: SqlTx,
    _query: { model: string; target: string; source?: string | null },
  ): Promise<PlacementRecord | null> {
    return Promise.reject(building());
  }
  /** Subjects of the entries that are about this version, for LedgerQueries.entries. */
  historySubjects(_tx: SqlTx, _versionId: string): Promise<string[]> {
    return Promise.reject(building());
  }
  /** What each entry changed, with the value before it (inferred from the mirror). */
  changesOf(_tx: SqlTx, _sequences: readonly bigint[]): Promise<Map<bigint, RecordedChange[]>> {
    return Promise.reject(building());
  }
}

function building(): AppError {
  return new AppError('UNAVAILABLE', { publicMessage: 'The registry mirror is being built.' });
}
