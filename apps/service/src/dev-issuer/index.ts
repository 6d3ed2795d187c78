// oidc-provider is not imported from here: only loadDevelopmentIssuer loads it, when it is wanted.
export { requestDevelopmentToken } from './development-token.js';
export { loadDevelopmentIssuer } from './load-plugin.js';
export { DEMO_PEOPLE, DEMO_TENANTS, type DemoPerson } from './people.js';
export { seedDemo, type SeedReport } from './seed-demo.js';
export {
  DEVELOPMENT_ISSUER_PATH,
  developmentIssuerConfig,
  developmentIssuerUrl,
  developmentIssuerWanted,
  effectiveIssuers,
} from './settings.js';
