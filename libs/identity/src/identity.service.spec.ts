import { fixedClock, systemClock } from '@countersign/kernel';
import { LedgerQueries, LedgerService } from '@countersign/ledger';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { IdentityService } from './identity.service.js';
import { PrincipalNames } from './principal-names.js';
import type { VerifiedToken } from './token-verifier.js';
import { testVault } from '../../../test/support/vault.js';

const clock = fixedClock(new Date('2026-11-21T10:00:00Z'));

describe('IdentityService', () => {
  let test: TestDatabase;
  let ledger: LedgerService;
  let claims: VerifiedToken;

  beforeAll(async () => {
    test = await createTestDatabase();
    ledger = new LedgerService({ vault: testVault(), database: test.database, clock: systemClock });
  });
  beforeEach(() => {
    claims = {
      issuer: 'idp',
      tenantSlug: 'acme',
      kind: 'user',
      subject: 'abel',
      displayName: 'Abel',
      email: 'abel@acme.example',
      expiresAt: new Date('2026-11-21T11:00:00Z'),
    };
  });
  afterAll(async () => {
    await ledger.close();
    await test.drop();
  });

  /** One process: caches are its own. */
  const make = (openPolicy: () => Promise<string> = () => Promise.resolve('1.0.0+test')) =>
    new IdentityService({
      database: test.database,
      ledger,
      clock,
      vault: testVault(),
      verifier: { verify: () => Promise.resolve(claims) },
      openPolicy,
    });
  const entries = async (identity: IdentityService, slug: string) => {
    const tenant = await identity.queries.tenantBySlug(slug);
    if (tenant === null) throw new Error('no tenant');
    return test.database.read(tenant.id, (tx) =>
      new LedgerQueries({ vault: testVault() }).range(tx, { after: -1n, limit: 100 }),
    );
  };

  it('opens a tenant once, however many ask at the same time', async () => {
    const opened = await Promise.all(
      Array.from({ length: 6 }, () => make().openTenant('acme', 'Acme Bank')),
    );
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    expect(opened.filter(({ created }) => created)).toHaveLength(1);
    expect(await entries(make(), 'acme')).toMatchObject([
      {
        sequence: 0n,
        type: 'tenant.opened',
        actor: { id: 'system:countersign' },
        payload: {
          data: { slug: 'acme', displayName: 'Acme Bank', policyVersion: '1.0.0+test' },
        },
      },
    ]);
  });

  it('opens a tenant entirely or not at all', async () => {
    const failing = make(() => Promise.reject(new Error('no policy')));
    await expect(failing.openTenant('half', 'Half')).rejects.toThrow('no policy');
    expect(await make().queries.tenantBySlug('half')).toBeNull();
    expect((await make().openTenant('half', 'Half')).created).toBe(true);
  });

  it.each(['', 'Acme', '1acme', 'a/b', 'a'.repeat(64), 'a.b'])(
    'refuses the slug %j',
    async (slug) => {
      await expect(make().openTenant(slug, 'x')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    },
  );

  it('registers a principal at first sight, once, its name and address as commitments', async () => {
    const seen = await Promise.all(Array.from({ length: 6 }, () => make().authenticate('token')));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1);
    const [abel] = seen;
    expect(abel).toMatchObject({ kind: 'user', displayName: 'Abel', tenantSlug: 'acme' });
    expect(abel?.id).toMatch(/^user:[0-9a-f-]{36}$/);
    const registered = (await entries(make(), 'acme')).filter(
      ({ type }) => type === 'principal.registered',
    );
    expect(registered).toHaveLength(1);
    expect(registered[0]?.payload).toMatchObject({
      data: { principal: abel?.id, displayName: 'Abel', email: 'abel@acme.example' },
    });
    const hashed = Buffer.from(registered[0]?.payloadCanonical ?? []).toString();
    expect(hashed).not.toMatch(/Abel|abel/);
  });

  it('keeps the same subject of two issuers, and of two tenants, apart', async () => {
    await make().openTenant('globex', 'Globex');
    const here = await make().authenticate('token');
    claims = { ...claims, issuer: 'another-idp' };
    const elsewhere = await make().authenticate('token');
    claims = { ...claims, issuer: 'idp', tenantSlug: 'globex' };
    const foreign = await make().authenticate('token');
    expect(new Set([here.id, elsewhere.id, foreign.id]).size).toBe(3);
    expect(foreign.tenantId).not.toBe(here.tenantId);
  });

  it('takes a service for a service', async () => {
    claims = { ...claims, kind: 'service', subject: 'spark' };
    expect((await make().authenticate('token')).id).toMatch(/^svc:/);
  });

  it('refuses a tenant that was not opened, with the words for one that is not mapped', async () => {
    claims = { ...claims, tenantSlug: 'initech' };
    await expect(make().authenticate('token')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      details: { reason: 'tenant' },
    });
  });

  it('gives names of this tenant’s principals, and of nobody else', async () => {
    const identity = make();
    const abel = await identity.authenticate('token');
    claims = { ...claims, tenantSlug: 'globex', subject: 'gus', displayName: 'Gus' };
    const gus = await identity.authenticate('token');
    const asked = [abel.id, gus.id, 'system:countersign', 'unknown', 'user:nonsense', abel.id];
    const principals = new PrincipalNames(new LedgerQueries({ vault: testVault() }));
    const names = await test.database.read(abel.tenantId, (tx) => principals.of(tx, asked));
    expect([...names]).toEqual([[abel.id, 'Abel']]);
  });

  it('lets the runtime role change no principal', async () => {
    const { tenantId } = await make().authenticate('token');
    for (const statement of ["UPDATE principal SET issuer = 'x'", 'DELETE FROM principal']) {
      await expect(
        test.database.sqlTransaction(tenantId, (tx) => tx.query(statement)),
      ).rejects.toThrow(/permission denied/);
    }
  });
});
