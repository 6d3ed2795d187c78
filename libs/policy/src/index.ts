export { ACTIONS, isAction, type Action } from './actions.js';
export { decisionRecord, type AccessRequest, type Decision } from './decision.js';
export type { GrantOutcome, GrantRefusalCode, GrantRoleInput, RoleGrant } from './grant.js';
export { loadPolicyFiles, type PolicyFiles } from './policy-files.js';
export { PolicyQueries } from './policy.queries.js';
export {
  denialDraft,
  PolicyService,
  type ActingPrincipal,
  type PolicyServiceDeps,
} from './policy.service.js';
