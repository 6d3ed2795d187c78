import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '@countersign/config';
import { loadPolicyFiles } from './policy-files.js';

describe('loadPolicyFiles', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'policies-'));
    cpSync(join(projectRoot(), 'policies'), directory, { recursive: true });
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  const edit = (file: string, from: string | RegExp, to: string) => {
    const path = join(directory, file);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(from);
    writeFileSync(path, text.replace(from, to));
  };

  it('names the files by version and digest: another byte is another version', () => {
    const { version } = loadPolicyFiles(directory);
    expect(version).toMatch(/^1\.0\.0\+[0-9a-f]{12}$/);
    expect(loadPolicyFiles(directory).version).toBe(version);
    edit('baseline/auditor.yaml', '#', '##');
    expect(loadPolicyFiles(directory).version).not.toBe(version);
  });

  it.each([
    [
      'an unknown action',
      'baseline/auditor.yaml',
      /action: ledger\.read/,
      'action: ledger.erase',
      /no action ledger/,
    ],
    [
      'an unknown role',
      'baseline/auditor.yaml',
      /role: auditor/,
      'role: king',
      /king, which is no role/,
    ],
    [
      'a bad object',
      'baseline/auditor.yaml',
      /object: '\*'/,
      "object: 'a*b'",
      /is not x, x\/\* or \*/,
    ],
    ['another effect', 'baseline/auditor.yaml', /effect: allow/, 'effect: Allow', /effect/],
    ['a missing effect', 'baseline/auditor.yaml', /\n {4}effect: allow/, '', /effect/],
    [
      'a repeated rule',
      'baseline/auditor.yaml',
      /auditor:lineage\.read/,
      'auditor:ledger.read',
      /stands twice/,
    ],
    [
      'a cycle of roles',
      'roles.yaml',
      /inherits: \[\]/,
      'inherits: [compliance-officer]',
      /from itself/,
    ],
    ['text that is no YAML', 'roles.yaml', /roles:/, 'roles: [', /roles\.yaml: /],
    ['a misspelt key', 'roles.yaml', /toxicPairs/, 'toxicPair', /toxicPair/],
  ])('refuses %s', (_what, file, from, to, problem) => {
    edit(file, from, to);
    expect(() => loadPolicyFiles(directory)).toThrow(problem);
  });

  it('lists every problem at once', () => {
    edit('baseline/auditor.yaml', /action: ledger\.read/, 'action: ledger.erase');
    edit('baseline/approver.yaml', /role: approver/, 'role: king');
    expect(() => loadPolicyFiles(directory)).toThrow(/ledger\.erase.*king|king.*ledger\.erase/s);
  });
});
