export { PROMOTION_STATES, type PromotionState } from './domain/states.js';
export type { RefusalCode } from './domain/refusals.js';
export type { Pin } from './domain/pin.js';
export type { PromotionPolicy, PromotionTier } from './domain/policy.js';
export type {
  CastVoteInput,
  DriftRecord,
  Eligibility,
  GateResult,
  GovernanceOutcome,
  GovernanceRecord,
  GovernModelInput,
  PermitRecord,
  PromotionCommandInput,
  PromotionOutcome,
  PromotionRequestRecord,
  RequestPromotionInput,
  Requirement,
  VoteDecision,
  VoteRecord,
} from './records.js';
export type { RegistryChange, RegistryWriter, RegistryWriteResult } from './registry-writer.js';
export { PolicyBook } from './policy-book.js';
export { PermitIssuer } from './permit-issuer.js';
export {
  PromotionQueries,
  type PromotionQueriesDeps,
  type RequestFilter,
} from './promotion.queries.js';
export {
  promotionObserver,
  PromotionService,
  type PromotionServiceDeps,
} from './promotion.service.js';
