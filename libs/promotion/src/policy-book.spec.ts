import { join } from 'node:path';
import { asTarget, tierOf } from './domain/policy.js';
import { PolicyBook, readPolicy } from './policy-book.js';

const TEXT = `name: default
version: 1
tiers:
  - name: production
    targets: ['stage:Production']
    quorum: { role: approver, approvals: 2 }
    requestTtlSeconds: 3600
    permitTtlSeconds: 600
    driftSeverity: high
`;

describe('promotion policies', () => {
  it('has a built-in one that covers every alias and stage with two approvers', async () => {
    const book = await PolicyBook.load(join(process.cwd(), 'policies', 'promotion'));
    const policy = book.find('default');
    for (const target of ['alias:champion', 'stage:Production', 'stage:Staging']) {
      expect(policy && tierOf(policy, target)).toMatchObject({
        quorum: { role: 'approver', approvals: 2 },
      });
    }
  });

  it('takes the first tier that names the target, exactly or by its kind', () => {
    const policy = readPolicy('x.yaml', TEXT);
    expect(tierOf(policy, 'stage:Production')?.name).toBe('production');
    expect(tierOf(policy, 'stage:Staging')).toBeNull();
    expect(tierOf(policy, 'alias:Production')).toBeNull();
  });

  it('is another version after any edit of the text', () => {
    const before = readPolicy('x.yaml', TEXT).policyVersion;
    expect(before).toMatch(/^default@sha256:[0-9a-f]{64}$/);
    expect(readPolicy('x.yaml', `${TEXT}# a word\n`).policyVersion).not.toBe(before);
  });

  it.each([
    [
      'a permit that lives longer than ten minutes',
      'permitTtlSeconds: 600',
      'permitTtlSeconds: 601',
    ],
    ['a quorum of nobody', 'approvals: 2', 'approvals: 0'],
    ['a key that it does not know', 'version: 1', 'version: 1\nquorom: 3'],
    ['a target that is none', 'stage:Production', 'Production'],
  ])('refuses %s, with file and place', (_what, from, to) => {
    expect(() => readPolicy('x.yaml', TEXT.replace(from, to))).toThrow(/x\.yaml/);
  });

  it.each([
    ['stage:production', 'stage:Production'],
    ['stage:PRODUCTION', 'stage:Production'],
    ['alias:Champion', 'alias:Champion'],
    ['champion', null],
    ['alias:', null],
    ['alias:a\u0000b', null],
  ])('reads the target %j as %j', (text, target) => {
    expect(asTarget(text)).toBe(target);
  });
});
