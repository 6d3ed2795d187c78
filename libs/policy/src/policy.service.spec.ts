import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { projectRoot } from '@countersign/config';
import { fixedClock, type TenantId } from '@countersign/kernel';
import { LedgerQueries, LedgerService } from '@countersign/ledger';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import type { GrantOutcome } from './grant.js';
import { loadPolicyFiles } from './policy-files.js';
import { PolicyQueries } from './policy.queries.js';
import { PolicyService, type ActingPrincipal } from './policy.service.js';
import { testVault } from '../../../test/support/vault.js';

const START = new Date('2026-11-21T10:00:00Z');
const MINUTE = 60_000;
const later = (ms: number) => new Date(START.getTime() + ms);

describe('PolicyService', () => {
  let test: TestDatabase;
  let ledger: LedgerService;
  let policy: PolicyService;
  let queries: PolicyQueries;
  let acme: TenantId;
  let globex: TenantId;
  let tara: ActingPrincipal;
  let gail: ActingPrincipal;
  const clock = fixedClock(START);
  const files = loadPolicyFiles(join(projectRoot(), 'policies'));

  beforeAll(async () => {
    test = await createTestDatabase();
    const { database } = test;
    ledger = new LedgerService({ vault: testVault(), database, clock });
    policy = new PolicyService({ database, ledger, clock, files });
    queries = new PolicyQueries(files, clock);
    acme = await openTenant('acme');
    globex = await openTenant('globex');
    tara = await admin(acme);
    gail = await admin(globex);
  });
  beforeEach(() => {
    clock.set(START);
  });
  afterAll(async () => {
    await ledger.close();
    await test.drop();
  });

  async function openTenant(slug: string): Promise<TenantId> {
    const tenantId = await test.tenant(slug);
    await test.database.sqlTransaction(tenantId, async (tx) => {
      await policy.openPolicy(tx);
      await ledger.openLog(tx);
    });
    return tenantId;
  }

  async function somebody(
    tenantId = acme,
    kind: 'user' | 'service' = 'user',
  ): Promise<ActingPrincipal> {
    const id = randomUUID();
    await test.database.sqlTransaction(tenantId, (tx) =>
      tx.query(
        `INSERT INTO principal (tenant_id, id, kind, issuer, subject_mac, created_at)
         VALUES ($1::uuid, $2::uuid, $3, 'test', encode(sha256($4::text::bytea), 'hex'), now())`,
        [tenantId, id, kind, id],
      ),
    );
    return { tenantId, id: `${kind === 'user' ? 'user' : 'svc'}:${id}`, kind };
  }

  async function admin(tenantId: TenantId): Promise<ActingPrincipal> {
    const principal = await somebody(tenantId);
    done(
      await policy.grantRoleAsSystem(tenantId, {
        subject: principal.id,
        role: 'tenant-admin',
        reason: 'first',
      }),
    );
    return principal;
  }

  const grant = (subject: string, role: string, more: object = {}) =>
    policy.grantRole(tara, { subject, role, reason: 'test', ...more });
  const decide = (who: ActingPrincipal, action: string, object = 'model/x') =>
    test.database.sqlTransaction(who.tenantId, (tx) =>
      policy.decide(tx, { subject: who.id, action, object }),
    );
  const newest = async (tenantId: TenantId) => {
    const entries = await test.database.read(tenantId, (tx) =>
      new LedgerQueries({ vault: testVault() }).range(tx, { after: -1n, limit: 1_000 }),
    );
    return entries[entries.length - 1];
  };
  const size = async (tenantId: TenantId) => {
    const [row] = await test.asOwner<{ size: string }>(
      'SELECT size::text FROM ledger_head WHERE tenant_id = $1',
      [tenantId],
    );
    return row?.size;
  };

  it('grants a role: the next decision allows, and says by which rule and role', async () => {
    const abel = await somebody();
    expect(await decide(abel, 'promotion.approve')).toMatchObject({
      allowed: false,
      rules: [],
      remedy: ['Would be allowed with the role approver on model/x.'],
    });
    const outcome = done(await grant(abel.id, 'role:approver'));
    expect(outcome.grant).toMatchObject({ role: 'approver', object: '*', grantedBy: tara.id });
    expect(await decide(abel, 'promotion.approve')).toEqual({
      allowed: true,
      rules: ['baseline:approver:promotion.approve'],
      rolePath: [abel.id, 'role:approver'],
      policyVersion: files.version,
      epoch: outcome.decision.epoch + 1n,
      remedy: [],
    });
    expect(await newest(acme)).toMatchObject({
      type: 'role.granted',
      actor: { id: tara.id },
      payload: {
        data: {
          subject: abel.id,
          role: 'approver',
          reason: 'test',
          decision: { allowed: true, rules: ['baseline:tenant-admin:grant.manage'] },
        },
      },
    });
  });

  it('revokes a role: a decision is refused at once, a read within a second', async () => {
    const ana = await somebody();
    const { grant: made } = done(await grant(ana.id, 'auditor'));
    expect((await policy.authorize(ana, 'ledger.read', 'ledger')).allowed).toBe(true);
    // Another replica, which learns of the change only from the database.
    const other = new PolicyService({ database: test.database, ledger, clock, files });
    expect((await other.authorize(ana, 'ledger.read', 'ledger')).allowed).toBe(true);
    done(await policy.revokeRole(tara, made.id, 'left'));
    expect((await decide(ana, 'ledger.read', 'ledger')).allowed).toBe(false);
    expect((await policy.authorize(ana, 'ledger.read', 'ledger')).allowed).toBe(false);
    expect((await other.authorize(ana, 'ledger.read', 'ledger')).allowed).toBe(true);
    clock.set(later(1_000));
    expect((await other.authorize(ana, 'ledger.read', 'ledger')).allowed).toBe(false);
    expect(await newest(acme)).toMatchObject({ type: 'role.revoked' });
    clock.set(START);
    expect(await policy.revokeRole(tara, made.id, 'again')).toMatchObject({
      code: 'ALREADY_REVOKED',
    });
  });

  it('ends a time-bound grant by itself, without a change in the database', async () => {
    const eve = await somebody();
    done(
      await grant(eve.id, 'auditor', { validFrom: later(MINUTE), validUntil: later(2 * MINUTE) }),
    );
    const allowedAt = async (ms: number) => {
      clock.set(later(ms));
      const read = await policy.authorize(eve, 'ledger.read', 'ledger');
      expect((await decide(eve, 'ledger.read', 'ledger')).allowed).toBe(read.allowed);
      return read.allowed;
    };
    expect(await allowedAt(0)).toBe(false);
    expect(await allowedAt(MINUTE)).toBe(true);
    expect(await allowedAt(2 * MINUTE - 1)).toBe(true);
    expect(await allowedAt(2 * MINUTE)).toBe(false);
    expect(await allowedAt(0)).toBe(false);
  });

  it('gives a role on one object nothing beside it', async () => {
    const mona = await somebody();
    done(await grant(mona.id, 'model-owner', { object: 'model/mine/*' }));
    expect(await decide(mona, 'promotion.request', 'model/mine/version/1')).toMatchObject({
      allowed: true,
      rolePath: [mona.id, 'role:model-owner'],
    });
    expect((await decide(mona, 'promotion.request', 'model/other/version/1')).allowed).toBe(false);
    const roles = (object?: string) =>
      test.database.read(acme, (tx) => queries.rolesOf(tx, mona.id, object));
    expect(await roles('model/mine/version/1')).toEqual(['ml-engineer', 'model-owner']);
    expect(await roles('model/other')).toEqual([]);
    expect(await roles()).toEqual(['ml-engineer', 'model-owner']);
  });

  it('keeps who was denied in the ledger, and changes nothing', async () => {
    const eli = await somebody();
    const before = await test.database.read(acme, (tx) => queries.rolesOf(tx, eli.id));
    const outcome = await policy.grantRole(eli, {
      subject: eli.id,
      role: 'approver',
      reason: 'me',
    });
    expect(outcome).toMatchObject({ kind: 'denied', decision: { allowed: false } });
    expect(await test.database.read(acme, (tx) => queries.rolesOf(tx, eli.id))).toEqual(before);
    expect(await newest(acme)).toMatchObject({
      type: 'access.denied',
      actor: { id: eli.id },
      payload: { data: { action: 'grant.manage', object: 'tenant' } },
    });
    const decision = await policy.authorize(eli, 'ledger.export', 'ledger');
    await policy.recordDenial(eli, decision, { action: 'ledger.export', object: 'ledger' });
    expect(await newest(acme)).toMatchObject({
      type: 'access.denied',
      payload: { data: { action: 'ledger.export' } },
    });
  });

  it('refuses what must not be granted, and leaves no trace of it', async () => {
    const gus = await somebody(globex);
    const beth = await somebody();
    const ben = await somebody();
    done(await grant(beth.id, 'approver'));
    const cases: [string, Promise<GrantOutcome>][] = [
      ['UNKNOWN_ROLE', grant(beth.id, 'root')],
      ['UNKNOWN_SUBJECT', grant(`user:${randomUUID()}`, 'auditor')],
      ['UNKNOWN_SUBJECT', grant(gus.id, 'auditor')],
      ['UNKNOWN_SUBJECT', grant(beth.id.replace('user:', 'svc:'), 'auditor')],
      ['UNKNOWN_SUBJECT', grant('role:approver', 'auditor')],
      ['BAD_OBJECT', grant(ben.id, 'auditor', { object: 'model/*/x' })],
      ['BAD_OBJECT', grant(ben.id, 'auditor', { object: '' })],
      ['BAD_PERIOD', grant(ben.id, 'auditor', { validUntil: later(-1) })],
      ['BAD_PERIOD', grant(ben.id, 'auditor', { validFrom: later(-MINUTE) })],
      ['REASON_MISSING', grant(ben.id, 'auditor', { reason: '  ' })],
      ['SELF_GRANT', grant(tara.id, 'ml-engineer')],
      ['TOXIC_PAIR', grant(beth.id, 'tenant-admin')],
      ['TOXIC_PAIR', grant(beth.id, 'compliance-officer')],
      ['ALREADY_GRANTED', grant(beth.id, 'approver')],
      ['UNKNOWN_GRANT', policy.revokeRole(tara, randomUUID(), 'x')],
      ['UNKNOWN_GRANT', policy.revokeRole(tara, "'; --", 'x')],
    ];
    const outcomes = await Promise.all(cases.map(([, outcome]) => outcome));
    expect(outcomes.map((o) => (o.kind === 'refused' ? o.code : o.kind))).toEqual(
      cases.map(([code]) => code),
    );
    expect(await newest(acme)).toMatchObject({ type: 'role.granted' });
  });

  it('lets a tenant’s administrator do nothing in another tenant', async () => {
    const abel = await somebody();
    const { grant: made } = done(await grant(abel.id, 'approver'));
    const sizeBefore = await size(acme);
    expect(await policy.revokeRole(gail, made.id, 'mine now')).toMatchObject({
      code: 'UNKNOWN_GRANT',
    });
    expect((await decide({ ...abel, tenantId: globex }, 'promotion.approve')).allowed).toBe(false);
    expect(await size(acme)).toBe(sizeBefore);
  });

  it('makes one grant of many that race for it, and counts each change once', async () => {
    const abel = await somebody();
    const epoch = async () => (await decide(abel, 'model.read')).epoch;
    const before = await epoch();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => grant(abel.id, 'approver')));
    expect(outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(1);
    expect(await epoch()).toBe(before + 1n);
    // A toxic pair cannot come to be by racing either.
    const zoe = await somebody();
    const pair = await Promise.all([grant(zoe.id, 'approver'), grant(zoe.id, 'auditor')]);
    expect(pair.filter(({ kind }) => kind === 'done')).toHaveLength(1);
  });

  it('holds a change of grants back until a decision’s transaction has ended', async () => {
    const abel = await somebody();
    const { grant: made } = done(await grant(abel.id, 'approver'));
    const order: string[] = [];
    let revoked: Promise<unknown> | undefined;
    await test.database.sqlTransaction(acme, async (tx) => {
      await policy.decide(tx, { subject: abel.id, action: 'promotion.approve', object: 'model/x' });
      revoked = policy.revokeRole(tara, made.id, 'now').then(() => order.push('revoked'));
      await tx.query('SELECT pg_sleep(0.2)');
      order.push('decided and committed');
    });
    await revoked;
    expect(order).toEqual(['decided and committed', 'revoked']);
  });

  it('never takes the epoch of a rolled-back change for another change', async () => {
    const abel = await somebody();
    const insert = `INSERT INTO role_grant (tenant_id, id, subject, role, object, valid_from, granted_by)
      VALUES ($1::uuid, gen_random_uuid(), $2, 'role:approver', '*', $3, 'system:test')`;
    const bump = 'UPDATE tenant_policy SET epoch = epoch + 1 WHERE tenant_id = $1::uuid';
    await expect(
      test.database.sqlTransaction(acme, async (tx) => {
        await tx.query(insert, [acme, abel.id, START]);
        await tx.query(bump, [acme]);
        const inside = { subject: abel.id, action: 'promotion.approve', object: 'model/x' };
        expect((await policy.decide(tx, inside)).allowed).toBe(true);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await test.database.sqlTransaction(acme, (tx) => tx.query(bump, [acme]));
    expect((await decide(abel, 'promotion.approve')).allowed).toBe(false);
  });

  it('takes only checked strings to the engine (H14, H15)', async () => {
    const wrong: [unknown, unknown, unknown][] = [
      [[tara.id], 'ledger.read', 'ledger'],
      ['role:tenant-admin', 'ledger.read', 'ledger'],
      ['tenant-admin', 'ledger.read', 'ledger'],
      [tara.id, ['ledger.read'], 'ledger'],
      [tara.id, '*', 'ledger'],
      [tara.id, 'Ledger.read', 'ledger'],
      [tara.id, 'ledger.read', '*'],
      [tara.id, 'ledger.read', { toString: () => 'ledger' }],
    ];
    for (const [subject, action, object] of wrong) {
      await expect(
        test.database.read(acme, (tx) => policy.preview(tx, { subject, action, object } as never)),
      ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
  });

  it('stores no effect but allow and deny, no role without its prefix (H11, H15)', async () => {
    const rule = (subject: string, effect: string) =>
      test.asOwner(
        `INSERT INTO policy_rule (tenant_id, id, subject, object, action, effect)
         VALUES ('${acme}', 'r-' || substr(md5(random()::text), 1, 8), '${subject}', '*', 'model.read', '${effect}')`,
      );
    await expect(rule('role:auditor', 'Deny')).rejects.toThrow(/policy_effect/);
    await expect(rule('auditor', 'deny')).rejects.toThrow(/check/);
    await expect(
      test.asOwner(
        `INSERT INTO role_grant (tenant_id, id, subject, role, object, valid_from, granted_by)
         VALUES ('${acme}', gen_random_uuid(), 'role:auditor', 'role:approver', '*', now(), 'system:x')`,
      ),
    ).rejects.toThrow(/check/);
  });

  it('follows a rule of one tenant there and nowhere else, whatever its text', async () => {
    const [ana, greg] = [await somebody(), await somebody(globex)];
    done(await grant(ana.id, 'auditor'));
    done(await policy.grantRole(gail, { subject: greg.id, role: 'auditor', reason: 'test' }));
    // Text that breaks a policy line or a matcher apart when it is pasted into one.
    for (const object of ['model/x") || true || ("', 'a, allow', 'x(', 'ledger']) {
      await test.asOwner(
        `INSERT INTO policy_rule (tenant_id, id, subject, object, action, effect)
         VALUES ($1, 'r-' || substr(md5($2), 1, 8), 'role:auditor', $2, 'ledger.read', 'deny')`,
        [acme, object],
      );
    }
    await test.asOwner('UPDATE tenant_policy SET epoch = epoch + 1 WHERE tenant_id = $1', [acme]);
    expect(await decide(ana, 'ledger.read', 'ledger')).toMatchObject({ allowed: false });
    expect((await decide(ana, 'model.read', 'model/x')).allowed).toBe(true);
    expect((await decide(greg, 'ledger.read', 'ledger')).allowed).toBe(true);
  });

  it('lists every grant page by page, revoked ones too', async () => {
    const page = (after?: string) =>
      test.database.read(acme, (tx) => queries.roleGrants(tx, {}, { first: 3, after }));
    const seen: string[] = [];
    for (let after: string | undefined, more = true; more;) {
      const { edges, hasNextPage } = await page(after);
      seen.push(...edges.map(({ node }) => node.id));
      after = edges[edges.length - 1]?.cursor;
      more = hasNextPage;
    }
    const [{ count } = { count: 0n }] = await test.asOwner<{ count: string }>(
      'SELECT count(*) FROM role_grant WHERE tenant_id = $1',
      [acme],
    );
    expect(new Set(seen).size).toBe(Number(count));
  });

  it('records once that other policy files decide', async () => {
    const newer = new PolicyService({
      database: test.database,
      ledger,
      clock,
      files: { ...files, version: '9.9.9+test' },
    });
    await newer.activate(acme);
    await newer.activate(acme);
    expect(await newest(acme)).toMatchObject({
      type: 'policy.activated',
      payload: { data: { policyVersion: '9.9.9+test', previousVersion: files.version } },
    });
  });
});

function done(outcome: GrantOutcome) {
  if (outcome.kind !== 'done') throw new Error(JSON.stringify({ ...outcome, decision: undefined }));
  return outcome;
}
