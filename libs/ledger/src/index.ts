export type { AppendResult } from './append/append-result.js';
export {
  LedgerService,
  type AppendedListener,
  type LedgerServiceOptions,
} from './ledger-service.js';
export {
  ProjectionRunner,
  type ProjectionFailure,
  type ProjectionRunnerOptions,
} from './projection/projection-runner.js';
export type { Projector } from './projection/projector.js';
export type {
  CheckpointRecord,
  DisclosureRecord,
  EntryFilter,
  EntryRecord,
  EvidenceRecord,
  RangeRequest,
  Tier,
} from './reads/entry-record.js';
export { LedgerQueries } from './reads/ledger-queries.js';
