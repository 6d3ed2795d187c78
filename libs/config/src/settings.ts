import { z } from 'zod';
import { LOG_LEVELS, ROLES } from './config.js';
import { brokersSchema, topicsSchema } from './kafka-settings.js';
import { httpUrl, httpUrls, retentionDays, s3Prefix } from './anchor-settings.js';
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
  LEDGER_SWEEP_AT: setting(
    z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
      .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))),
    'a time of day in UTC, HH:MM',
    '02:30',
    '02:30',
  ),
  SIGNING_KEY_FILE: setting(
    path,
    'a file with the checkpoint signing key',
    '/run/secrets/checkpoint.key',
    'a key under DATA_DIR',
  ),
  KEY_ENCRYPTION_KEY_FILE: setting(
    path,
    'a file with base64 of 32 bytes a line: the first wraps the data keys of tenants, others still open them',
    '/run/secrets/key-encryption.key',
    'a key under DATA_DIR',
  ),
  TENANT_KEYS_DIR: setting(
    path,
    'a folder for the wrapped data keys of tenants, the same for every replica, not backed up with the database',
    '/var/lib/countersign-keys',
    'a folder under DATA_DIR',
  ),
  WITNESS_POLICY_FILE: setting(
    path,
    'a C2SP tlog-policy file with the witnesses and their quorum',
    '/etc/countersign/witnesses.policy',
    'no witnesses: an entry stays at the tier published',
  ),
  WITNESS_URLS: setting(
    httpUrls,
    "a comma list of http or https addresses, in the order of the policy's witness lines",
    'https://witness-1.example,https://witness-2.example',
    'the addresses in WITNESS_POLICY_FILE',
  ),
  TSA_URL: setting(
    httpUrl,
    'the http or https address of a time-stamping authority (RFC 3161)',
    'https://tsa.example/tsr',
    'no time stamps',
  ),
  TSA_CERTIFICATE_FILE: setting(
    path,
    "a PEM file with the authority's signing certificate",
    '/etc/countersign/tsa.pem',
    'the certificate that comes with the time stamp counts',
  ),
  ANCHOR_DIR: setting(
    path,
    'a folder for write-once copies of checkpoints, best on a disk of its own',
    '/mnt/worm/countersign',
    'no write-once copy in a folder',
  ),
  ANCHOR_S3_ENDPOINT: setting(
    httpUrl,
    'the http or https address of an S3-compatible store, without the bucket',
    'https://s3.eu-central-1.amazonaws.com',
    'no write-once copy in a bucket',
  ),
  ANCHOR_S3_BUCKET: setting(
    z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    'the name of a bucket, best with Object Lock',
    'countersign-anchors',
    'no write-once copy in a bucket',
  ),
  ANCHOR_S3_REGION: setting(
    z.string().regex(/^[a-z0-9-]{1,40}$/),
    'the region that requests are signed for',
    'eu-central-1',
    'us-east-1',
  ),
  ANCHOR_S3_PREFIX: setting(
    s3Prefix,
    'letters, digits, dots, dashes, underscores and slashes; where in the bucket copies lie',
    'countersign/',
    'the top of the bucket',
  ),
  ANCHOR_S3_ACCESS_KEY_ID: setting(
    z.string().min(1),
    'the id of a key that may put, get and list',
    'AKIAEXAMPLE',
    'no write-once copy in a bucket',
  ),
  ANCHOR_S3_SECRET_ACCESS_KEY: setting(
    z.string().min(1),
    'the secret of that key',
    'secret',
    'no write-once copy in a bucket',
    true,
  ),
  ANCHOR_S3_RETENTION_DAYS: setting(
    retentionDays,
    'days of Object Lock in compliance mode, 0 to 36500',
    '3650',
    "0: the bucket's own rule",
  ),
  LOG_LEVEL: setting(z.enum(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`, 'info', 'info'),
} as const;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as SettingName[];
