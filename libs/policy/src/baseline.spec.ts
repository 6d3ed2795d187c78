import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@countersign/config';
import { parse } from 'yaml';
import { z } from 'zod';
import { ACTIONS } from './actions.js';
import { CasbinEvaluator } from './casbin-evaluator.js';
import { buildSnapshot } from './domain/build-snapshot.js';
import type { PolicyRow } from './domain/tenant-snapshot.js';
import { loadPolicyFiles } from './policy-files.js';

const directory = join(projectRoot(), 'policies');
const { tests } = z
  .strictObject({
    tests: z.array(
      z.strictObject({
        roles: z.array(z.string()),
        action: z.enum(ACTIONS),
        object: z.string(),
        expect: z.enum(['allow', 'deny']),
        rule: z.string().optional(),
        because: z.string(),
      }),
    ),
  })
  .parse(parse(readFileSync(join(directory, 'baseline_test.yaml'), 'utf8')));

const SUBJECT = 'user:00000000-0000-4000-8000-000000000001';

/** Answers one test by these rules; returns the effect and the rule that decided. */
async function answers(baseline: readonly PolicyRow[]) {
  const files = loadPolicyFiles(directory);
  const evaluator = await CasbinEvaluator.create(files.model);
  return tests.map(({ roles, action, object }) => {
    const grants = roles.map((role, index) => ({
      id: String(index),
      subject: SUBJECT,
      role: `role:${role}`,
      object: '*',
      validFromMs: 0,
      validUntilMs: null,
    }));
    const facts = { tenantId: 't', epoch: 1n, grants, rules: [] };
    const { snapshot } = buildSnapshot(files.roles, baseline, facts, 1);
    const { allowed, row } = evaluator.evaluate(
      { subject: SUBJECT, tenantId: 't', object, action },
      snapshot.slice(SUBJECT, action),
      snapshot.closure(SUBJECT),
    );
    return { effect: allowed ? 'allow' : 'deny', rule: row?.id };
  });
}

describe('the baseline', () => {
  const { baseline, roles } = loadPolicyFiles(directory);

  it('answers every test of policies/baseline_test.yaml', async () => {
    const given = await answers(baseline);
    const wrong = tests.filter(
      (test, index) =>
        given[index]?.effect !== test.expect ||
        (test.rule !== undefined && given[index].rule !== test.rule),
    );
    expect(wrong).toEqual([]);
  });

  it('is tested well enough: no rule can be taken away unnoticed, except where listed', async () => {
    const unnoticed: string[] = [];
    for (const rule of baseline) {
      const given = await answers(baseline.filter((other) => other !== rule));
      if (tests.every((test, index) => given[index]?.effect === test.expect))
        unnoticed.push(rule.id);
    }
    expect(unnoticed).toEqual([]);
  });

  it('gives no role a right that the tests do not name', () => {
    const named = new Set(tests.flatMap((t) => t.roles.map((role) => `${role} ${t.action}`)));
    const unnamed = baseline.filter(
      (rule) => !named.has(`${rule.subject.slice('role:'.length)} ${rule.action}`),
    );
    expect(unnamed.map(({ id }) => id)).toEqual([]);
  });

  it('lets nobody both hand out roles and approve', () => {
    for (const role of roles.names) {
      const rights = new Set(
        baseline
          .filter((rule) => roles.closure([role]).includes(rule.subject.slice('role:'.length)))
          .filter((rule) => rule.effect === 'allow')
          .map((rule) => rule.action),
      );
      expect(rights.has('grant.manage') && rights.has('promotion.approve')).toBe(false);
    }
  });
});
