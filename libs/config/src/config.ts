/** Where a process of the service gets its settings: the parsed environment, nothing else. */
export interface Config {
  readonly nodeEnv: 'production' | 'development' | 'test';
  /** Null when unset: `npm start` brings its own database, the service alone refuses (requireDatabaseUrl). */
  readonly databaseUrl: string | null;
  /** A login that may create tables, for `countersign migrate`; null: databaseUrl is used. */
  readonly databaseMigrationUrl: string | null;
  /** All local state (embedded database, development keys), as an absolute path. */
  readonly dataDir: string;
  readonly devDbPort: number;
  readonly port: number;
  readonly roles: readonly Role[];
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** Null: no Kafka intake. */
  readonly kafka: KafkaConfig | null;
  /** Empty: the development issuer serves, unless nodeEnv is production. */
  readonly issuers: readonly OidcIssuer[];
  readonly logName: string;
  readonly signingKeyFile: string | null;
  /** Wraps the tenants' data keys; null: a key under dataDir. */
  readonly keyEncryptionKeyFile: string | null;
  /** The wrapped data keys, outside of the database and of its backups; null: a folder under dataDir. */
  readonly tenantKeysDir: string | null;
  readonly anchors: AnchorConfig;
  /** When every ledger is verified, in minutes after midnight UTC. */
  readonly ledgerSweepMinute: number;
  readonly logLevel: LogLevel;
}

export const ROLES = ['api', 'worker'] as const;
export type Role = (typeof ROLES)[number];

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where the checkpoint of the log of heads goes outside of the database. Nothing set: it stays inside. */
export interface AnchorConfig {
  /** A C2SP tlog-policy file: the witnesses, their groups and the quorum. */
  readonly witnessPolicyFile: string | null;
  /** Addresses in the order of the policy's witness lines, which they override. */
  readonly witnessUrls: readonly string[];
  readonly timestampUrl: string | null;
  /** PEM: the certificate that must have signed the time stamps. */
  readonly timestampCertificateFile: string | null;
  /** A folder for write-once copies. */
  readonly copyDir: string | null;
  readonly s3: S3Config | null;
}

/** A bucket of an S3-compatible store, for write-once copies. */
export interface S3Config {
  /** Address of the store without the bucket and without a trailing slash. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Object Lock in compliance mode for so many days; 0: the bucket's own rule. */
  readonly retentionDays: number;
}

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly topics: readonly KafkaTopic[];
  readonly ssl: boolean;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
}

/**
 * One topic to read. `source` names the source record that its events belong to; without it the source that
 * was created with this topic is used.
 */
export interface KafkaTopic {
  readonly topic: string;
  readonly source: { readonly tenantSlug: string; readonly name: string } | null;
}

/** An OpenID Connect provider whose access tokens are accepted. */
export interface OidcIssuer {
  /** Byte for byte the `iss` of its tokens. */
  readonly issuer: string;
  /** Stands for the issuer in principals, so that a provider can move to another URL. Default: the issuer. */
  readonly name: string;
  /** The `aud` that names this API. */
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** `at+jwt` (RFC 9068), or `any` for providers that do not type their access tokens. */
  readonly typ: 'at+jwt' | 'any';
  readonly tenant: TenantMapping;
  readonly subjectClaim: string;
  readonly nameClaim: string;
  readonly emailClaim: string;
  /** Null: found by OpenID Connect Discovery. */
  readonly jwksUri: string | null;
}

/** Which tenant an identity belongs to: all of an issuer's to one, or by the value of a claim. */
export type TenantMapping =
  | { readonly kind: 'fixed'; readonly slug: string }
  | {
      readonly kind: 'claim';
      readonly claim: string;
      readonly slugs: Readonly<Record<string, string>>;
    };
