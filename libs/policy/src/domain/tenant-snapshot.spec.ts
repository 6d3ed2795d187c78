import { buildSnapshot, type GrantFact } from './build-snapshot.js';
import { RoleCatalogue } from './role-catalogue.js';
import { TenantSnapshot, type PolicyRow, type RoleLink } from './tenant-snapshot.js';

const chain = (length: number): RoleLink[] =>
  Array.from({ length }, (_, index) => ({
    member: index === 0 ? 'user:1' : `role:r${index}`,
    role: `role:r${index + 1}`,
  }));

describe('a snapshot', () => {
  it('follows ten links and not eleven, as casbin does', () => {
    const snapshot = new TenantSnapshot('t', 1n, [], chain(11));
    expect(snapshot.closure('user:1').has('role:r10')).toBe(true);
    expect(snapshot.closure('user:1').has('role:r11')).toBe(false);
  });

  it('ends on roles that all inherit from one another', () => {
    const names = Array.from({ length: 60 }, (_, index) => `role:r${index}`);
    const links = names.flatMap((member) => names.map((role) => ({ member, role })));
    const snapshot = new TenantSnapshot(
      't',
      1n,
      [],
      [{ member: 'user:1', role: 'role:r0' }, ...links],
    );
    expect(snapshot.closure('user:1').size).toBe(61);
  });

  it('remembers nothing about subjects that it does not know (H16)', () => {
    const snapshot = new TenantSnapshot('t', 1n, [], chain(2));
    for (let index = 0; index < 10_000; index += 1) snapshot.closure(`user:invented-${index}`);
    snapshot.closure('user:1');
    expect(snapshot.memoized).toBe(1);
  });

  it('shows the way from the subject over its roles to the rule', () => {
    const row: PolicyRow = {
      id: 'r',
      subject: 'role:r2',
      object: '*',
      action: 'model.read',
      effect: 'allow',
    };
    const snapshot = new TenantSnapshot('t', 1n, [row], chain(3));
    expect(snapshot.rolePath('user:1', row)).toEqual(['user:1', 'role:r1', 'role:r2']);
    expect(snapshot.rolePath('user:2', row)).toEqual([]);
  });
});

describe('building a snapshot', () => {
  const roles = new RoleCatalogue(
    [
      { name: 'reader', description: 'reads', inherits: [] },
      { name: 'owner', description: 'owns', inherits: ['reader'] },
    ],
    [],
  );
  const baseline: PolicyRow[] = [
    { id: 'read', subject: 'role:reader', object: '*', action: 'model.read', effect: 'allow' },
    {
      id: 'tag',
      subject: 'role:owner',
      object: 'model/*',
      action: 'model.annotate',
      effect: 'allow',
    },
    { id: 'no', subject: 'role:owner', object: 'ledger', action: 'ledger.read', effect: 'deny' },
  ];
  const grant = (over: Partial<GrantFact>): GrantFact => ({
    id: 'g',
    subject: 'user:1',
    role: 'role:owner',
    object: '*',
    validFromMs: 0,
    validUntilMs: null,
    ...over,
  });
  const build = (grants: GrantFact[], nowMs: number) =>
    buildSnapshot(roles, baseline, { tenantId: 't', epoch: 1n, grants, rules: [] }, nowMs);

  it('narrows the rows of a role to the object of the grant, inherited ones too', () => {
    const { snapshot } = build([grant({ object: 'model/a/*' })], 1);
    expect(snapshot.slice('user:1', 'model.read')).toEqual([
      {
        id: 'read@g',
        subject: 'user:1',
        object: 'model/a/*',
        action: 'model.read',
        effect: 'allow',
        grantedAs: 'role:owner',
      },
    ]);
    expect(snapshot.slice('user:1', 'model.annotate')).toMatchObject([{ object: 'model/a/*' }]);
    expect(snapshot.slice('user:1', 'ledger.read')).toEqual([]);
  });

  it('counts a grant from its first instant until just before its last', () => {
    const limited = [grant({ validFromMs: 10, validUntilMs: 20 })];
    const holdsAt = (nowMs: number) =>
      build(limited, nowMs).snapshot.slice('user:1', 'model.read').length > 0;
    expect([9, 10, 19, 20].map(holdsAt)).toEqual([false, true, true, false]);
    expect([9, 10, 19, 20].map((nowMs) => build(limited, nowMs).changesAtMs)).toEqual([
      10,
      20,
      20,
      null,
    ]);
  });
});

describe('the role catalogue', () => {
  const catalogue = (inherits: Record<string, string[]>, pairs: [string, string][] = []) =>
    new RoleCatalogue(
      Object.entries(inherits).map(([name, above]) => ({ name, description: '', inherits: above })),
      pairs.map((names) => ({ roles: names, because: 'no' })),
    );

  it.each([
    ['a cycle', catalogue({ a: ['b'], b: ['a'] }), /inherits from itself/],
    ['an unknown parent', catalogue({ a: ['ghost'] }), /is no role/],
    ['an unknown role in a toxic pair', catalogue({ a: [] }, [['a', 'ghost']]), /is no role/],
    ['a role that is a toxic pair', catalogue({ a: ['b'], b: [] }, [['a', 'b']]), /toxic pair/],
    [
      'a chain that is too deep',
      catalogue(
        Object.fromEntries(
          Array.from({ length: 10 }, (_, i) => [`r${i}`, i < 9 ? [`r${i + 1}`] : []]),
        ),
      ),
      /links deep/,
    ],
  ])('finds %s', (_what, roles, problem) => {
    expect(roles.problems(8).join('; ')).toMatch(problem);
  });

  it('finds a toxic pair through inheritance', () => {
    const roles = catalogue({ boss: ['admin'], admin: [], approver: [] }, [['admin', 'approver']]);
    expect(roles.toxicPairIn(['boss', 'approver'])).toBeDefined();
    expect(roles.toxicPairIn(['boss'])).toBeUndefined();
  });
});
