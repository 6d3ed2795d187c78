import { resolve } from 'node:path';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.js';
import type { AnchorConfig, Config, KafkaConfig } from './config.js';
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
    tenantKeysDir: parsed.TENANT_KEYS_DIR ?? null,
    anchors: anchorConfig(parsed),
    ledgerSweepMinute: parsed.LEDGER_SWEEP_AT ?? 150,
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
  return [...problems, ...anchorContradictions(parsed)];
}

/** Each needs the others: a bucket alone cannot be written to. */
const S3_TOGETHER = [
  'ANCHOR_S3_ENDPOINT',
  'ANCHOR_S3_BUCKET',
  'ANCHOR_S3_ACCESS_KEY_ID',
  'ANCHOR_S3_SECRET_ACCESS_KEY',
] as const;
const S3_MORE = ['ANCHOR_S3_REGION', 'ANCHOR_S3_PREFIX', 'ANCHOR_S3_RETENTION_DAYS'] as const;

function anchorContradictions(parsed: Parsed): ConfigProblem[] {
  const missing: SettingName[] = [];
  if (parsed.WITNESS_URLS !== undefined && parsed.WITNESS_POLICY_FILE === undefined) {
    missing.push('WITNESS_POLICY_FILE');
  }
  if (parsed.TSA_CERTIFICATE_FILE !== undefined && parsed.TSA_URL === undefined) {
    missing.push('TSA_URL');
  }
  if ([...S3_TOGETHER, ...S3_MORE].some((name) => parsed[name] !== undefined)) {
    missing.push(...S3_TOGETHER.filter((name) => parsed[name] === undefined));
  }
  return missing.map((name) => {
    const { expected, example } = settings[name];
    return { name, expected: `${expected}, as settings that need it are set`, example };
  });
}

function anchorConfig(parsed: Parsed): AnchorConfig {
  const { ANCHOR_S3_ENDPOINT: endpoint, ANCHOR_S3_BUCKET: bucket } = parsed;
  const { ANCHOR_S3_ACCESS_KEY_ID: accessKeyId, ANCHOR_S3_SECRET_ACCESS_KEY: secret } = parsed;
  return {
    witnessPolicyFile: parsed.WITNESS_POLICY_FILE ?? null,
    witnessUrls: parsed.WITNESS_URLS ?? [],
    timestampUrl: parsed.TSA_URL ?? null,
    timestampCertificateFile: parsed.TSA_CERTIFICATE_FILE ?? null,
    copyDir: parsed.ANCHOR_DIR ?? null,
    s3:
      endpoint === undefined ||
      bucket === undefined ||
      accessKeyId === undefined ||
      secret === undefined
        ? null
        : {
            endpoint,
            bucket,
            accessKeyId,
            secretAccessKey: secret,
            region: parsed.ANCHOR_S3_REGION ?? 'us-east-1',
            prefix: parsed.ANCHOR_S3_PREFIX ?? '',
            retentionDays: parsed.ANCHOR_S3_RETENTION_DAYS ?? 0,
          },
  };
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
