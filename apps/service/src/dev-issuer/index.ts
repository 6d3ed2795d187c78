// oidc-provider is not imported from here: only loadDevelopmentIssuer loads it, when it is wanted.
export { loadDevelopmentIssuer } from './load-plugin.js';
export { DEMO_PEOPLE } from './people.js';
export { seedDemo } from './seed-demo.js';
export {
  developmentIssuerConfig,
  developmentIssuerUrl,
  developmentIssuerWanted,
  effectiveIssuers,
} from './settings.js';
