export {
  BINDING_QUALITIES,
  LINEAGE_KINDS,
  type BindingQuality,
  type Direction,
  type EdgeKind,
  type EdgeRole,
  type LineageKind,
} from './domain/vocabulary.js';
export { lineageProjector } from './projection/lineage.projector.js';
export { LineageQueries, type LineageQueriesOptions } from './reads/lineage.queries.js';
export type {
  LeakRecord,
  LineageEdgeRecord,
  LineageGraphRecord,
  LineageManifest,
  LineageNodeRecord,
  LineageRequest,
  ModelVersionRef,
  NodeFilter,
  RoleData,
} from './reads/records.js';
