export type { AppendResult } from './append/append-result.js';
export { DRAFT_LIMITS } from './append/prepare.js';
export type { ReadOnlyState } from './append/read-only.js';
export { closeTenant, type ClosedTenant, type CloseTenantDeps } from './close/close-tenant.js';
export { CheckpointSigner, type CheckpointSignerOptions } from './checkpoint/checkpoint-signer.js';
export { changeSeeds, newSeed } from './checkpoint/seed-file.js';
export { loadOrCreateSigningKey } from './checkpoint/signing-key.js';
export { SigningKeys } from './checkpoint/signing-keys.js';
export { checkDurability } from './durability.js';
export { missingEventTriggers } from './protection.js';
export { entryReceipt, type EntryReceipt, type ReceiptFailure } from './export/entry-receipt.js';
export type { ExportProgress, ExportReport, ExportRequest } from './export/export-request.js';
export { exportHeads, type HeadsExportContext } from './export/export-heads.js';
export { exportTenant, type ExportContext, type ExportTarget } from './export/export-tenant.js';
export { HeadsQueries } from './heads/heads-queries.js';
export type {
  AnchorKind,
  AnchorRecord,
  HeadRecord,
  HeadsCheckpointRecord,
  HeadsLogRecord,
} from './heads/heads-records.js';
export {
  HeadsSequencer,
  publishHeads,
  type HeadsRound,
  type HeadsSequencerOptions,
} from './heads/heads-sequencer.js';
export { everyVerifier, isRecorded, keyHistory } from './heads/key-history.js';
export {
  LedgerService,
  type AppendedListener,
  type LedgerServiceOptions,
} from './ledger-service.js';
export { erasureCertificate, type CertificateInput } from './erase/certificate.js';
export { Erasures, type ErasuresOptions } from './erase/erasures.js';
export { LegalHolds, type HoldScope, type LegalHold } from './erase/legal-holds.js';
export type {
  ErasedEntry,
  ErasureCounts,
  ErasureOrder,
  ErasurePart,
  ErasureWarrant,
} from './erase/order.js';
export { rebuildAsked } from './projection/rebuilds.js';
export { dataText, entriesByDelivery } from './reads/by-delivery.js';
export { readCursor } from './projection/cursor.js';
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
  LogRecord,
  RangeRequest,
  Tier,
} from './reads/entry-record.js';
export { LedgerQueries, type LedgerQueriesOptions } from './reads/ledger-queries.js';
export { Contents } from './sealing/contents.js';
export { knownLogKeys } from './verify/known-keys.js';
export {
  VERIFY_LEVELS,
  type LiveFault,
  type RangeResult,
  type RangeRunner,
  type RangeTask,
  type VerifyLevel,
} from './verify/range-task.js';
export { LocalRanges } from './verify/run-ranges.js';
export { sweepLedgers, type SweepContext, type SweepOutcome } from './verify/sweep.js';
export { serveRanges, ThreadRanges } from './verify/thread-ranges.js';
export {
  formatVerifiedState,
  parseVerifiedState,
  type VerifiedState,
} from './verify/verified-state.js';
export { verifyLive, type LiveVerdict, type VerifyLiveOptions } from './verify/verify-live.js';
export { publishedHeads, publishedLedger, type PublishedLog } from './tree/published-log.js';
