import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Pin } from './domain/pin.js';
import { PermitIssuer, permitAudience, PERMIT_TYPE, type PermitClaims } from './permit-issuer.js';

const PIN: Pin = {
  source: 'mlflow/demo',
  model: 'card-fraud',
  version: '2',
  modelVersionId: '6e1f0b6e-0000-8000-a000-000000000002',
  incarnation: 1,
  runId: 'run-1',
  sourceUri: 's3://models/x',
  artifactDigest: null,
  lineageDigest: `sha256:${'1'.repeat(64)}`,
  target: 'alias:champion',
  expectedHolders: ['1'],
  policyVersion: `default@sha256:${'2'.repeat(64)}`,
};
const NOW = new Date('2026-11-21T10:00:00Z');
const CLAIMS: PermitClaims = {
  jti: '0b1f7a52-9a0e-4c3c-8f57-6d9f1d8f7a01',
  requestId: '0b1f7a52-9a0e-4c3c-8f57-6d9f1d8f7a02',
  tenantId: '0b1f7a52-9a0e-4c3c-8f57-6d9f1d8f7a03',
  tenantSlug: 'acme',
  pin: PIN,
  pinDigest: `sha256:${'3'.repeat(64)}`,
  ledgerSequence: 17n,
  ledgerHead: '4'.repeat(64),
  issuedAt: NOW,
  expiresAt: new Date(NOW.getTime() + 600_000),
};

describe('PermitIssuer', () => {
  let folder: string;
  let keyFile: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'permit-'));
    keyFile = join(folder, 'keys', 'permit.jwk');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = () => PermitIssuer.open({ keyFile, issuer: 'https://countersign.example' });
  const options = {
    issuer: 'https://countersign.example',
    audience: 'deployer:acme',
    typ: PERMIT_TYPE,
    algorithms: ['EdDSA'],
    currentDate: NOW,
  };

  it('issues what a deployer verifies with nothing but the published key set', async () => {
    const issuer = await open();
    const { token, keyId } = await issuer.issue(CLAIMS);
    const { payload, protectedHeader } = await jwtVerify(
      token,
      createLocalJWKSet(issuer.jwks()),
      options,
    );
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: PERMIT_TYPE, kid: keyId });
    expect(payload).toMatchObject({
      sub: `version:${PIN.modelVersionId}`,
      jti: CLAIMS.jti,
      registry: { source: 'mlflow/demo', name: 'card-fraud', version: '2' },
      action: 'alias',
      target: 'champion',
      from: ['1'],
      ledgerSeq: '17',
      aud: permitAudience('acme'),
    });
  });

  it.each([
    ['another tenant’s deployer', { audience: 'deployer:globex' }],
    ['somebody who asks for an access token', { typ: 'at+jwt' }],
    ['anybody after it expired', { currentDate: CLAIMS.expiresAt }],
    ['anybody before it begins', { currentDate: new Date(NOW.getTime() - 1000) }],
    ['somebody who trusts another installation', { issuer: 'https://other.example' }],
  ])('is refused by %s', async (_who, changed) => {
    const issuer = await open();
    const { token } = await issuer.issue(CLAIMS);
    const keys = createLocalJWKSet(issuer.jwks());
    await expect(jwtVerify(token, keys, { ...options, ...changed })).rejects.toThrow();
  });

  it('keeps its private key in a file of mode 0600 and out of the key set', async () => {
    const issuer = await open();
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    const { d } = JSON.parse(await readFile(keyFile, 'utf8')) as { d: string };
    expect(JSON.stringify(issuer.jwks())).not.toContain(d);
    expect(Object.keys(issuer.jwks().keys[0] ?? {}).sort()).toEqual(
      ['alg', 'crv', 'kid', 'kty', 'use', 'x'].sort(),
    );
  });

  it('is one key, however many processes start at once, and the same after a restart', async () => {
    const opened = await Promise.all(Array.from({ length: 8 }, open));
    const ids = new Set([...opened, await open()].map((issuer) => issuer.keyId));
    expect(ids.size).toBe(1);
  });

  it('says so when the file holds something else', async () => {
    await open();
    await writeFile(keyFile, '{"kty":"oct","k":"AA"}');
    await expect(open()).rejects.toMatchObject({ code: 'INVALID_PERMIT_KEY' });
  });
});
