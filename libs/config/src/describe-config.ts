import type { Environment } from './load-config.js';
import { settingNames, settings, type SettingName } from './settings.js';

/** One line of `countersign doctor`. */
export interface SettingReport {
  readonly name: string;
  readonly state: 'set' | 'default' | 'missing' | 'wrong' | 'unsafe';
  /** What holds now: the value, or `(hidden)`, or what stands in for it. */
  readonly value: string;
  /** What to do, or null when all is well. */
  readonly advice: string | null;
}

/** Every setting with its state. Never throws, never shows a secret. */
export function describeConfig(env: Environment = process.env): SettingReport[] {
  return settingNames.map((name) => describe(name, env));
}

function describe(name: SettingName, env: Environment): SettingReport {
  const { schema, expected, example, whenUnset, secret } = settings[name];
  const text = env[name]?.trim() ?? '';
  const production = env['NODE_ENV'] === 'production';
  if (text === '') {
    const advice = production ? (MISSING_IN_PRODUCTION[name] ?? null) : null;
    return { name, state: advice === null ? 'default' : 'missing', value: whenUnset, advice };
  }
  const value = secret === true ? '(hidden)' : text;
  if (!schema.safeParse(text).success) {
    return {
      name,
      state: 'wrong',
      // A wrong value may be a secret in the wrong place.
      value: '(hidden)',
      advice: `Expected ${expected}. Example: ${name}=${example}`,
    };
  }
  const advice = production ? unsafe(name, text) : null;
  return { name, state: advice === null ? 'set' : 'unsafe', value, advice };
}

const MISSING_IN_PRODUCTION: Partial<Record<SettingName, string>> = {
  DATABASE_URL: 'Set it: without a database the service does not start.',
  OIDC_ISSUERS: 'Set it: the development issuer is refused in production, so nobody could sign in.',
  PUBLIC_URL: 'Set it: links and webhook addresses would point to localhost.',
  LOG_NAME: 'Set it before the first tenant is opened: it is part of each log’s origin for ever.',
  SIGNING_KEY_FILE: 'Set it: a key under DATA_DIR is lost with the disk.',
  KEY_ENCRYPTION_KEY_FILE:
    'Set it: beside the keys that it wraps, a key under DATA_DIR protects nothing.',
  TENANT_KEYS_DIR:
    'Set it to a folder that all replicas share and that backups of the database leave out.',
};

function unsafe(name: SettingName, text: string): string | null {
  switch (name) {
    case 'PUBLIC_URL':
      return text.startsWith('http:') ? 'Use https: access tokens travel to this address.' : null;
    case 'OIDC_ISSUERS':
      return text.includes('"http:')
        ? 'Use https for issuers: their keys decide who may sign in.'
        : null;
    case 'KAFKA_SASL_MECHANISM':
      return text === 'plain'
        ? 'plain sends the password as it is: use scram, or make sure of TLS.'
        : null;
    case 'LOG_LEVEL':
      return text === 'trace' ? 'trace writes more than an operator should see.' : null;
    default:
      return null;
  }
}
