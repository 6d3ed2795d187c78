export type { CreateSourceInput } from './create-source-input.js';
export type { EventIntake, IntakeBatch, IntakeRecord, TopicBinding } from './event-intake.js';
export {
  BATCH_EVENTS_MAX,
  HTTP_EVENTS_SOURCE,
  IngestService,
  type BatchOutcome,
  type IngestServiceOptions,
  type TokenDelivery,
  type WebhookDelivery,
} from './ingest.service.js';
export { IntakeHandler, type HandledBatch, type IntakeHandlerOptions } from './intake-handler.js';
export type {
  Accepted,
  Conflict,
  IngestOutcome,
  Overloaded,
  Quarantined,
  Recorded,
  Unauthentic,
  UnauthenticCode,
} from './outcome.js';
export type { QuarantinedRecord } from './quarantine-rows.js';
export { QuarantineQueries } from './quarantine.queries.js';
export { QUARANTINE_REASONS, type QuarantineReason } from './reading.js';
export {
  SECRET_OVERLAP_SECONDS,
  SourceService,
  type CreatedSource,
  type SourceServiceOptions,
} from './source.service.js';
export {
  entrySource,
  SOURCE_KINDS,
  type ReadableKind,
  type ResolvedSource,
  type Source,
  type SourceKind,
  type TopicFormat,
} from './source.js';
export {
  MlflowRest,
  type MlflowRestCode,
  type MlflowRestOptions,
  type MlflowRestResult,
} from './sources/mlflow/mlflow-rest.js';
export type {
  MlflowDatasetInput,
  MlflowModelVersion,
  MlflowRegisteredModel,
  MlflowRun,
  MlflowTag,
} from './sources/mlflow/mlflow-answers.js';
