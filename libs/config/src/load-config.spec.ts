import { basename } from 'node:path';
import { isAppError } from '@countersign/kernel';
import { ConfigError } from './config-error.js';
import { describeConfig } from './describe-config.js';
import { loadConfig, requireDatabaseUrl } from './load-config.js';
import { projectRoot } from './project-root.js';
import { settingNames, settings } from './settings.js';

const ISSUER = { issuer: 'https://login.example', audience: 'countersign' };

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ name }) => name);
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('needs nothing for development', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      nodeEnv: 'development',
      port: 4000,
      publicUrl: 'http://localhost:4000',
      roles: ['api', 'worker'],
      kafka: null,
      issuers: [],
      logName: 'countersign.local',
      databaseUrl: null,
    });
    expect(basename(config.dataDir)).toBe('.data');
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadConfig(Object.fromEntries(settingNames.map((name) => [name, ' '])))).toEqual(
      loadConfig({}),
    );
  });

  it('reads the example of every setting as that setting', () => {
    for (const name of settingNames) {
      const { schema, example } = settings[name];
      expect([name, schema.safeParse(example.replace(/^'|'$/g, '')).success]).toEqual([name, true]);
    }
  });

  it('names every problem at once, each with what was expected and an example, and no value', () => {
    const env = {
      PORT: '70000',
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      ROLES: 'api,king',
      OIDC_ISSUERS: '{"issuer":"hunter2"}',
      KAFKA_TOPICS: 'orders=acme',
      LOG_NAME: 'two words',
    };
    expect(problemsOf(env).sort()).toEqual(Object.keys(env).sort());
    const message = messageOf(env);
    expect(message).toContain('PORT: expected a port from 1 to 65535. Example: PORT=4000');
    expect(message).not.toContain('hunter2');
    expect(message.split('\n')).toHaveLength(7);
  });

  it.each([
    ['no tenant', [ISSUER]],
    ['a tenant and a claim', [{ ...ISSUER, tenant: 'acme', tenantClaim: 't', tenants: {} }]],
    ['a claim without a mapping', [{ ...ISSUER, tenantClaim: 'tid' }]],
    ['a symmetric algorithm', [{ ...ISSUER, tenant: 'acme', algorithms: ['HS256'] }]],
    ['no signature', [{ ...ISSUER, tenant: 'acme', algorithms: ['none'] }]],
    ['a setting that does not exist', [{ ...ISSUER, tenant: 'acme', algoritms: ['ES256'] }]],
    [
      'the same issuer twice',
      [
        { ...ISSUER, tenant: 'acme' },
        { ...ISSUER, tenant: 'globex' },
      ],
    ],
    ['nothing', []],
  ])('refuses issuers with %s', (_what, issuers) => {
    expect(problemsOf({ OIDC_ISSUERS: JSON.stringify(issuers) })).toEqual(['OIDC_ISSUERS']);
  });

  it('reads issuers with their mapping to tenants', () => {
    const { issuers } = loadConfig({
      OIDC_ISSUERS: JSON.stringify([
        { ...ISSUER, tenantClaim: 'tid', tenants: { 'a-1': 'acme' }, typ: 'any' },
      ]),
    });
    expect(issuers).toEqual([
      {
        ...ISSUER,
        name: ISSUER.issuer,
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        typ: 'any',
        tenant: { kind: 'claim', claim: 'tid', slugs: { 'a-1': 'acme' } },
        subjectClaim: 'sub',
        nameClaim: 'name',
        emailClaim: 'email',
        jwksUri: null,
      },
    ]);
  });

  it('reads Kafka topics with and without their source', () => {
    const { kafka } = loadConfig({
      KAFKA_BROKERS: 'one:9092, two:9092',
      KAFKA_TOPICS: 'mlflow.events, orders=acme/orders',
    });
    expect(kafka).toEqual({
      brokers: ['one:9092', 'two:9092'],
      topics: [
        { topic: 'mlflow.events', source: null },
        { topic: 'orders', source: { tenantSlug: 'acme', name: 'orders' } },
      ],
      ssl: false,
      sasl: null,
    });
  });

  it.each([
    [{ KAFKA_SASL_USERNAME: 'u' }, ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_PASSWORD']],
    [{ KAFKA_TOPICS: 'orders' }, ['KAFKA_BROKERS']],
    [{ WITNESS_URLS: 'https://w.example' }, ['WITNESS_POLICY_FILE']],
    [{ TSA_CERTIFICATE_FILE: 'tsa.pem' }, ['TSA_URL']],
    [
      { ANCHOR_S3_BUCKET: 'anchors', ANCHOR_S3_ENDPOINT: 'https://s3.example' },
      ['ANCHOR_S3_ACCESS_KEY_ID', 'ANCHOR_S3_SECRET_ACCESS_KEY'],
    ],
  ])('finds what is missing beside %j', (env, missing) => {
    expect(problemsOf(env)).toEqual(missing);
  });

  it('says in a plain sentence that there is no database', () => {
    expect(() => requireDatabaseUrl(loadConfig({}))).toThrow(
      /DATABASE_URL: expected a PostgreSQL address/,
    );
    try {
      requireDatabaseUrl({ databaseUrl: null });
    } catch (error) {
      expect(isAppError(error, 'CONFIG')).toBe(true);
    }
  });
});

describe('describeConfig', () => {
  const stateOf = (env: Record<string, string>, name: string) =>
    describeConfig(env).find((report) => report.name === name);

  it('finds nothing to say about development defaults', () => {
    expect(describeConfig({}).filter(({ state }) => state !== 'default')).toEqual([]);
  });

  it('says what production misses and what is unsafe there', () => {
    const env = { NODE_ENV: 'production', PUBLIC_URL: 'http://countersign.example' };
    expect(stateOf(env, 'OIDC_ISSUERS')).toMatchObject({ state: 'missing' });
    expect(stateOf(env, 'DATABASE_URL')).toMatchObject({ state: 'missing' });
    expect(stateOf(env, 'PUBLIC_URL')).toMatchObject({ state: 'unsafe' });
  });

  it('never shows a secret, not even a wrong one', () => {
    const env = {
      DATABASE_URL: 'postgresql://u:hunter2@db/x',
      KAFKA_SASL_PASSWORD: 'hunter2',
      PORT: 'hunter2',
    };
    expect(JSON.stringify(describeConfig(env))).not.toContain('hunter2');
    expect(stateOf(env, 'PORT')).toMatchObject({ state: 'wrong' });
    expect(stateOf(env, 'DATABASE_URL')).toMatchObject({ state: 'set', value: '(hidden)' });
  });
});

describe('projectRoot', () => {
  it('is the folder with the policies', () => {
    expect(projectRoot()).toBe(process.cwd());
  });
});

function messageOf(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (isAppError(error)) return error.publicMessage;
  }
  return '';
}
