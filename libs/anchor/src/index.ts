export { FreezeWatch, type FreezeWatchOptions } from './freeze/freeze-watch.js';
export {
  currentFreeze,
  freezeInstallation,
  openFreezes,
  type InstallationFreeze,
} from './freeze/freeze-store.js';
export {
  anchorNames,
  openAnchors,
  outsideSources,
  reachableWitnesses,
  type Anchors,
  type AnchorSettings,
} from './open-anchors.js';
export { StoreCheck, type Contradiction, type StoreCheckResult } from './outside/store-check.js';
export {
  verifyTimestamp,
  type TimestampTrust,
  type TimestampVerdict,
} from './timestamp/verify-timestamp.js';
export { anchorLags, LAG_SECONDS_MAX, type AnchorLag } from './worker/anchor-lags.js';
export type { AnchorName } from './worker/anchor-rows.js';
export { AnchorWorker, type AnchorFailure } from './worker/anchor-worker.js';
export { CopyTarget } from './worker/copy-target.js';
export { TimestampTarget } from './worker/timestamp-target.js';
export { WitnessTarget } from './worker/witness-target.js';
export { GAP_TITLE } from './recovery/gap-record.js';
export type { RecoveredTenant } from './recovery/recover-tenant.js';
export { recover, type RecoveryReport } from './recovery/recover.js';
export type { RecoveryOptions } from './recovery/recovery-options.js';
