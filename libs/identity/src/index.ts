export { IdentityQueries } from './identity.queries.js';
export { IdentityService } from './identity.service.js';
export { actorOf, type Principal } from './principal.js';
export { PrincipalNames } from './principal-names.js';
export { TokenVerifier } from './token-verifier.js';
