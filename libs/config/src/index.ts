export type { Config, KafkaConfig, KafkaTopic, OidcIssuer } from './config.js';
export { describeConfig } from './describe-config.js';
export { loadConfig, requireDatabaseUrl } from './load-config.js';
export { projectRoot } from './project-root.js';
