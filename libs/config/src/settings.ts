import { z } from 'zod';
import { LOG_LEVELS, ROLES } from './config.js';
import { brokersSchema, topicsSchema } from './kafka-settings.js';
import { OIDC_ISSUERS_EXAMPLE, OIDC_ISSUERS_EXPECTED, oidcIssuersSchema } from './oidc-issuers.js';

/** One environment variable: how it is read, and how it is explained. */
export interface Setting<Value> {
  readonly schema: z.ZodType<Value>;
  readonly expected: string;
  readonly example: string;
  /** What holds when it is unset, in words. */
  readonly whenUnset: string;
  /** Its value is never shown. */
  readonly secret?: boolean;
}

function setting<Value>(
  schema: z.ZodType<Value>,
  expected: string,
  example: string,
  whenUnset: string,
  secret = false,
): Setting<Value> {
  return { schema, expected, example, whenUnset, secret };
}

const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(65_535));
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });
const path = z.string().min(1);
const boolean = z.enum(['true', 'false']).transform((text) => text === 'true');
const roles = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
  .pipe(z.array(z.enum(ROLES)).min(1));

const POSTGRES_URL = 'a PostgreSQL address, postgresql://login:password@host:port/database';
const POSTGRES_EXAMPLE = 'postgresql://countersign:secret@db.example:5432/countersign';

/** Every variable that the service reads. Nothing else of the environment is looked at. */
export const settings = {
  NODE_ENV: setting(
    z.enum(['production', 'development', 'test']),
    'production, development or test',
    'production',
    'development',
  ),
  DATABASE_URL: setting(
    postgresUrl,
    POSTGRES_URL,
    POSTGRES_EXAMPLE,
    'the embedded database of `npm start`',
    true,
  ),
  DATABASE_MIGRATION_URL: setting(
    postgresUrl,
    POSTGRES_URL,
    POSTGRES_EXAMPLE,
    'DATABASE_URL migrates too',
    true,
  ),
  DATA_DIR: setting(
    path,
    'a folder that this process may write to',
    '/var/lib/countersign',
    '.data',
  ),
  DEV_DB_PORT: setting(port, 'a port from 1 to 65535', '15432', '15432'),
  PORT: setting(port, 'a port from 1 to 65535', '4000', '4000'),
  ROLES: setting(roles, 'a comma list of api and worker', 'api,worker', 'api,worker'),
  PUBLIC_URL: setting(
    z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, '')),
    'the http or https address under which others reach the service',
    'https://countersign.example',
    'http://localhost:<PORT>',
  ),
  KAFKA_BROKERS: setting(
    brokersSchema,
    'a comma list of host:port',
    'kafka-1:9092,kafka-2:9092',
    'no Kafka intake',
  ),
  KAFKA_TOPICS: setting(
    topicsSchema,
    'a comma list of topic (its source was created with this topic) or topic=tenant/source',
    'mlflow.events,orders=acme/orders',
    'no topic is read',
  ),
  KAFKA_SSL: setting(boolean, 'true or false', 'true', 'false'),
  KAFKA_SASL_MECHANISM: setting(
    z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
    'plain, scram-sha-256 or scram-sha-512',
    'scram-sha-512',
    'no SASL',
  ),
  KAFKA_SASL_USERNAME: setting(z.string().min(1), 'a user name', 'countersign', 'no SASL'),
  KAFKA_SASL_PASSWORD: setting(z.string().min(1), 'a password', 'secret', 'no SASL', true),
  OIDC_ISSUERS: setting(
    oidcIssuersSchema,
    OIDC_ISSUERS_EXPECTED,
    OIDC_ISSUERS_EXAMPLE,
    'the development issuer; in production nobody can sign in',
  ),
  LOG_NAME: setting(
    // C2SP signed note: a key name holds neither spaces nor plus signs.
    z.string().regex(/^[^\s+\p{Cc}]{1,200}$/u),
    'a name without spaces and plus signs, best a host name of yours',
    'audit.example.com',
    'countersign.local',
  ),
  SIGNING_KEY_FILE: setting(
    path,
    'a file with the checkpoint signing key',
    '/run/secrets/checkpoint.key',
    'a key under DATA_DIR',
  ),
  KEY_ENCRYPTION_KEY_FILE: setting(
    path,
    'a file with the key that seals secrets (read by later versions; nothing is sealed yet)',
    '/run/secrets/kek',
    'not used yet',
  ),
  LOG_LEVEL: setting(z.enum(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`, 'info', 'info'),
} as const;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as SettingName[];
