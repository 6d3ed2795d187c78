import type { SqlTx } from '@countersign/database';
import { AppError, type Page, type PageRequest } from '@countersign/kernel';
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

export interface LineageQueriesOptions {
  /** Sequence of the last entry that the lineage projection has seen; -1n before the first. */
  readonly cursor: (tx: SqlTx) => Promise<bigint>;
}

/** Reads of the lineage graph. */
export class LineageQueries {
  constructor(readonly options: LineageQueriesOptions) {}
  lineage(_tx: SqlTx, _request: LineageRequest): Promise<LineageGraphRecord> {
    return Promise.reject(building());
  }
  nodes(_tx: SqlTx, _filter: NodeFilter, _page: PageRequest): Promise<Page<LineageNodeRecord>> {
    return Promise.reject(building());
  }
  node(_tx: SqlTx, _id: string): Promise<LineageNodeRecord | null> {
    return Promise.reject(building());
  }
  modelVersionNode(_tx: SqlTx, _ref: ModelVersionRef): Promise<LineageNodeRecord | null> {
    return Promise.reject(building());
  }
  /** A version without any lineage has a manifest too. Never null. */
  manifest(_tx: SqlTx, _ref: ModelVersionRef): Promise<LineageManifest> {
    return Promise.reject(building());
  }
  leaks(_tx: SqlTx, _ref: ModelVersionRef): Promise<readonly LeakRecord[]> {
    return Promise.reject(building());
  }
  trainingData(_tx: SqlTx, _ref: ModelVersionRef): Promise<RoleData> {
    return Promise.reject(building());
  }
  evaluationData(_tx: SqlTx, _ref: ModelVersionRef): Promise<RoleData> {
    return Promise.reject(building());
  }
}

function building(): AppError {
  return new AppError('UNAVAILABLE', { publicMessage: 'Lineage is being built.' });
}
