export type {
  AnchorConfig,
  Config,
  KafkaConfig,
  KafkaTopic,
  OidcIssuer,
  S3Config,
} from './config.js';
export { describeConfig } from './describe-config.js';
export { loadConfig, requireDatabaseUrl } from './load-config.js';
export { projectRoot } from './project-root.js';
