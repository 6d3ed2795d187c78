import { resolve } from 'node:path';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.js';
import type { Config, KafkaConfig } from './config.js';
import { projectRoot } from './project-root.js';
import { settingNames, settings, type SettingName } from './settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

type Parsed = { [Name in SettingName]?: z.infer<(typeof settings)[Name]['schema']> };

/**
 * The environment as settings: this is the only place that reads it. An empty variable is an unset one. Throws
 * ConfigError with every problem at once.
 */
export function loadConfig(env: Environment = process.env): Config {
  const problems: ConfigProblem[] = [];
  const parsed = parse(env, problems);
  if (problems.length === 0) problems.push(...contradictions(parsed));
  if (problems.length > 0) throw new ConfigError(problems);
  const port = parsed.PORT ?? 4000;
  return {
    nodeEnv: parsed.NODE_ENV ?? 'development',
    databaseUrl: parsed.DATABASE_URL ?? null,
    databaseMigrationUrl: parsed.DATABASE_MIGRATION_URL ?? null,
    dataDir: resolve(projectRoot(), parsed.DATA_DIR ?? '.data'),
    devDbPort: parsed.DEV_DB_PORT ?? 15_432,
    port,
    roles: parsed.ROLES ?? ['api', 'worker'],
    publicUrl: parsed.PUBLIC_URL ?? `http://localhost:${port}`,
    kafka: kafkaConfig(parsed),
    issuers: parsed.OIDC_ISSUERS ?? [],
    logName: parsed.LOG_NAME ?? 'countersign.local',
    signingKeyFile: parsed.SIGNING_KEY_FILE ?? null,
    keyEncryptionKeyFile: parsed.KEY_ENCRYPTION_KEY_FILE ?? null,
    logLevel: parsed.LOG_LEVEL ?? 'info',
  };
}

/** The database's address. Throws ConfigError in plain words when none was given. */
export function requireDatabaseUrl(config: Pick<Config, 'databaseUrl'>): string {
  if (config.databaseUrl !== null) return config.databaseUrl;
  throw new ConfigError([
    {
      name: 'DATABASE_URL',
      expected: `${settings.DATABASE_URL.expected} (\`npm start\` brings a database of its own and sets this)`,
      example: settings.DATABASE_URL.example,
    },
  ]);
}

function parse(env: Environment, problems: ConfigProblem[]): Parsed {
  const parsed: Record<string, unknown> = {};
  for (const name of settingNames) {
    const text = env[name]?.trim();
    if (text === undefined || text === '') continue;
    const { schema, expected, example } = settings[name];
    const result = schema.safeParse(text);
    if (result.success) parsed[name] = result.data;
    else problems.push({ name, expected, example });
  }
  return parsed;
}

/** Settings that are good alone and wrong together. */
function contradictions(parsed: Parsed): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const sasl = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;
  if (sasl.some((name) => parsed[name] !== undefined)) {
    for (const name of sasl) {
      if (parsed[name] !== undefined) continue;
      const { expected, example } = settings[name];
      problems.push({
        name,
        expected: `${expected}, as the other KAFKA_SASL_ settings are set`,
        example,
      });
    }
  }
  if (parsed.KAFKA_TOPICS !== undefined && parsed.KAFKA_BROKERS === undefined) {
    const { expected, example } = settings.KAFKA_BROKERS;
    problems.push({
      name: 'KAFKA_BROKERS',
      expected: `${expected}, as KAFKA_TOPICS is set`,
      example,
    });
  }
  return problems;
}

function kafkaConfig(parsed: Parsed): KafkaConfig | null {
  if (parsed.KAFKA_BROKERS === undefined) return null;
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = parsed;
  const password = parsed.KAFKA_SASL_PASSWORD;
  return {
    brokers: parsed.KAFKA_BROKERS,
    topics: parsed.KAFKA_TOPICS ?? [],
    ssl: parsed.KAFKA_SSL ?? false,
    sasl:
      mechanism === undefined || username === undefined || password === undefined
        ? null
        : { mechanism, username, password },
  };
}
