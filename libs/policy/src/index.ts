export { isAction } from './actions.js';
export { decisionRecord, type Decision } from './decision.js';
export type { GrantOutcome, RoleGrant } from './grant.js';
export { loadPolicyFiles, type PolicyFiles } from './policy-files.js';
export { PolicyQueries } from './policy.queries.js';
export { PolicyService } from './policy.service.js';
