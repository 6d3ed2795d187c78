import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@countersign/config';
import { newEnforcer, newModelFromString, type Enforcer } from 'casbin';
import fc from 'fast-check';
import { CasbinEvaluator } from './casbin-evaluator.js';
import { objectMatches } from './domain/pattern.js';
import { TenantSnapshot, type PolicyRow, type RoleLink } from './domain/tenant-snapshot.js';

const MODEL = readFileSync(join(projectRoot(), 'policies', 'model.conf'), 'utf8');
const TENANTS = ['t1', 't2'];
const SUBJECTS = ['user:1', 'user:2', 'svc:1'];
const ROLES = Array.from({ length: 14 }, (_, index) => `role:r${index}`);
const ACTIONS = ['model.read', 'model.annotate', 'ledger.read'];
const OBJECTS = ['model/a', 'model/a/version/1', 'model/b', 'ledger', 'model'];

interface World {
  readonly rows: readonly (PolicyRow & { readonly tenant: string })[];
  readonly links: readonly (RoleLink & { readonly tenant: string })[];
}
type Request = readonly [subject: string, tenant: string, object: string, action: string];

const row = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  subject: fc.constantFrom(...SUBJECTS, ...ROLES),
  object: fc.constantFrom(...OBJECTS, '*', 'model/*', 'model/a/*'),
  action: fc.constantFrom(...ACTIONS, '*'),
  effect: fc.constantFrom('allow' as const, 'allow' as const, 'allow' as const, 'deny' as const),
});
const freeLink = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  member: fc.constantFrom(...SUBJECTS, ...ROLES),
  role: fc.constantFrom(...ROLES),
});
/** A chain of up to 13 links, to reach over and beyond the depth that casbin follows. */
const chain = fc
  .record({
    tenant: fc.constantFrom(...TENANTS),
    member: fc.constantFrom(...SUBJECTS),
    length: fc.integer({ min: 1, max: 13 }),
  })
  .map(({ tenant, member, length }) =>
    ROLES.slice(0, length).map((role, index) => ({
      tenant,
      member: index === 0 ? member : (ROLES[index - 1] ?? ''),
      role,
    })),
  );
const world: fc.Arbitrary<World> = fc
  .tuple(
    fc.array(row, { maxLength: 25 }),
    fc.array(freeLink, { maxLength: 12 }),
    fc.array(chain, { maxLength: 1 }),
  )
  .map(([rows, links, chains]) => ({
    rows: rows.map((given, index) => ({ ...given, id: `rule-${index}` })),
    links: unique([...links, ...chains.flat()]),
  }));

const requests: Request[] = SUBJECTS.flatMap((subject) =>
  TENANTS.flatMap((tenant) =>
    OBJECTS.flatMap((object) =>
      ACTIONS.map((action): Request => [subject, tenant, object, action]),
    ),
  ),
);

/** Casbin alone, with every rule of every tenant and its own role manager: what decisions mean. */
async function plainCasbin({ rows, links }: World): Promise<Enforcer> {
  const enforcer = await newEnforcer(newModelFromString(MODEL));
  await enforcer.addFunction('resMatch', objectMatches);
  const model = enforcer.getModel();
  for (const { subject, tenant, object, action, effect, id } of rows) {
    model.addPolicy('p', 'p', [subject, tenant, object, action, effect, id]);
  }
  for (const { member, role, tenant } of links) model.addPolicy('g', 'g', [member, role, tenant]);
  await enforcer.buildRoleLinks();
  return enforcer;
}

type Slice = (snapshot: TenantSnapshot, subject: string, action: string) => PolicyRow[];
const properSlice: Slice = (snapshot, subject, action) => snapshot.slice(subject, action);

/** Compares every request in `runs` random worlds; returns how many were compared. */
async function compare(evaluator: CasbinEvaluator, slice: Slice, runs: number): Promise<number> {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(world, async (given) => {
      const reference = await plainCasbin(given);
      for (const tenantId of TENANTS) {
        const snapshot = new TenantSnapshot(
          tenantId,
          1n,
          given.rows.filter(({ tenant }) => tenant === tenantId),
          given.links.filter(({ tenant }) => tenant === tenantId),
        );
        for (const [subject, , object, action] of requests.filter(([, t]) => t === tenantId)) {
          const { allowed, row: decided } = evaluator.evaluate(
            { subject, tenantId, object, action },
            slice(snapshot, subject, action),
            snapshot.closure(subject),
          );
          const [expected, matched] = reference.enforceExSync(subject, tenantId, object, action);
          compared += 1;
          expect([allowed, decided?.id]).toEqual([expected, matched[5]]);
        }
      }
    }),
    { numRuns: runs, seed: 20_261_121, endOnFailure: true },
  );
  return compared;
}

describe('casbin on a slice', () => {
  let evaluator: CasbinEvaluator;
  beforeAll(async () => {
    evaluator = await CasbinEvaluator.create(MODEL);
  });

  it('decides as casbin does on everything, rule by rule', async () => {
    expect(await compare(evaluator, properSlice, 280)).toBeGreaterThan(24_000);
  });

  it.each<[string, Slice]>([
    [
      'drops deny rows',
      (s, sub, act) => s.slice(sub, act).filter(({ effect }) => effect === 'allow'),
    ],
    [
      'forgets rows for every action',
      (s, sub, act) => s.slice(sub, act).filter((r) => r.action !== '*'),
    ],
    ['turns the row order around', (s, sub, act) => s.slice(sub, act).reverse()],
    [
      'forgets inherited roles',
      (s, sub, act) => s.slice(sub, act).filter((r) => r.subject === sub),
    ],
  ])('mutant: a slice that %s is caught', async (_what, mutant) => {
    await expect(compare(evaluator, mutant, 120)).rejects.toThrow();
  });

  it('rests on a matcher whose conjuncts stand at the top level', () => {
    expect(conjuncts(matcherOf(MODEL))).toEqual([
      'r.dom == p.dom',
      '(r.act == p.act || p.act == "*")',
      'resMatch(r.obj, p.obj)',
      'g(r.sub, p.sub, r.dom)',
    ]);
  });

  it('mutant: a matcher with an alternative at the top level is not taken for one', () => {
    const widened = `${matcherOf(MODEL)} || r.sub == "user:root"`;
    expect(conjuncts(widened)).toBeNull();
  });

  it('lets nothing of one tenant change a decision of another', async () => {
    await fc.assert(
      fc.asyncProperty(world, world, async (mine, other) => {
        // Casbin itself, with another tenant's rules changed completely under it.
        const ours = ({ tenant }: { tenant: string }) => tenant === 't1';
        const theirs = ({ tenant }: { tenant: string }) => tenant !== 't1';
        const mixed = {
          rows: [...mine.rows.filter(ours), ...other.rows.filter(theirs)],
          links: [...mine.links.filter(ours), ...other.links.filter(theirs)],
        };
        const [before, after] = [await plainCasbin(mine), await plainCasbin(mixed)];
        for (const request of requests.filter(([, tenant]) => tenant === 't1')) {
          expect(after.enforceSync(...request)).toBe(before.enforceSync(...request));
        }
      }),
      { numRuns: 25, seed: 7 },
    );
  });
});

function matcherOf(model: string): string {
  return /^m = (.+)$/m.exec(model)?.[1] ?? '';
}

/** Splits at `&&` outside of brackets; null when anything else joins the parts. */
function conjuncts(matcher: string): string[] | null {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < matcher.length; at += 1) {
    if (matcher[at] === '(') depth += 1;
    if (matcher[at] === ')') depth -= 1;
    const pair = matcher.slice(at, at + 2);
    if (depth === 0 && pair === '||') return null;
    if (depth === 0 && pair === '&&') {
      parts.push(matcher.slice(start, at).trim());
      start = at + 2;
    }
  }
  return [...parts, matcher.slice(start).trim()];
}

function unique<Link extends RoleLink & { readonly tenant: string }>(
  links: readonly Link[],
): Link[] {
  return [...new Map(links.map((link) => [JSON.stringify(link), link])).values()];
}
