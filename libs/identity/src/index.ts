export { IdentityQueries, type TenantRecord } from './identity.queries.js';
export {
  IdentityService,
  type IdentityServiceDeps,
  type KnownPrincipal,
  type OpenedTenant,
  type PrincipalRegistration,
} from './identity.service.js';
export { actorOf, principalId, type Principal, type PrincipalKind } from './principal.js';
export { TokenVerifier, type TokenVerifierOptions, type VerifiedToken } from './token-verifier.js';
