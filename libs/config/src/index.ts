export {
  LOG_LEVELS,
  ROLES,
  type Config,
  type KafkaConfig,
  type KafkaTopic,
  type LogLevel,
  type OidcIssuer,
  type Role,
  type TenantMapping,
} from './config.js';
export { ConfigError, type ConfigProblem } from './config-error.js';
export { describeConfig, type SettingReport } from './describe-config.js';
export { loadConfig, requireDatabaseUrl, type Environment } from './load-config.js';
export { projectRoot } from './project-root.js';
