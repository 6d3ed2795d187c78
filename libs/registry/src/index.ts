export { registryProjector } from './mirror/registry.projector.js';
export { readBackPlanner } from './read-back/read-back.planner.js';
export { ReadBackWorker, type ReadBackWorkerOptions } from './read-back/read-back.worker.js';
export type {
  ObservedDatasetInput,
  ObservedRun,
  ObservedTag,
  ObservedVersion,
  ReadableRegistry,
  ReadEvidence,
  ReadFailureCode,
  ReadResult,
  RegistryReader,
} from './read-back/registry-reader.js';
export type {
  AliasRecord,
  ModelFilter,
  ModelKind,
  ModelVersionRecord,
  PlacementQuery,
  PlacementRecord,
  RecordedChange,
  RegisteredModelRecord,
  TagRecord,
  TimeRange,
} from './reads/records.js';
export { RegistryQueries } from './reads/registry.queries.js';
