#!/usr/bin/env node
// Proves that every dependency rule can fail: gives the checker one offending import per rule, in a throw-away copy
// of the tree's shape, and expects that rule's name among the violations. A rule that never fires is a placebo.
//
//   node tools/dependency-canary.mjs
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');

/** One bad file per rule: where it stands, and what it must not say. */
const offences = {
  'no-circular': [
    ['libs/kernel/src/canary-a.ts', "import './canary-b.js';"],
    ['libs/kernel/src/canary-b.ts', "import './canary-a.js';"],
  ],
  'no-unresolved': [['libs/kernel/src/canary.ts', "import './is-not-there.js';"]],
  'libs-not-to-apps': [
    ['libs/ledger/src/canary.ts', "import '../../../apps/service/src/main.js';"],
  ],
  'apps-stand-apart': [
    ['apps/cli/src/operator/canary.ts', "import '../../../service/src/main.js';"],
  ],
  'only-through-index': [['libs/ledger/src/canary.ts', "import '../../database/src/pool.js';"]],
  'not-to-tests': [['libs/ledger/src/canary.ts', "import '../../../test/support/database.js';"]],
  'kernel-stands-alone': [['libs/kernel/src/canary.ts', "import '@countersign/events';"]],
  'chain-stands-alone': [['libs/chain/src/canary.ts', "import 'zod';"]],
  'pure-stays-pure': [['libs/promotion/src/domain/canary.ts', "import 'casbin';"]],
  'nest-in-apps-only': [['libs/ledger/src/canary.ts', "import '@nestjs/common';"]],
  'verifier-stays-offline': [['apps/cli/src/verify/canary.ts', "import '@countersign/ledger';"]],
  'graphql-stays-in-its-room': [['apps/service/src/http/canary.ts', "import '@nestjs/graphql';"]],
  'service-rooms-apart': [
    ['apps/service/src/http/canary.ts', "import '../graphql/canary-target.js';"],
    ['apps/service/src/graphql/canary-target.ts', 'export {};'],
  ],
  'sources-apart': [
    ['libs/ingest/src/sources/mlflow/canary.ts', "import '../openlineage/canary-target.js';"],
    ['libs/ingest/src/sources/openlineage/canary-target.ts', 'export {};'],
  ],
  'prisma-and-pg-in-database': [['libs/ledger/src/canary.ts', "import 'pg';"]],
  'casbin-in-policy': [['libs/promotion/src/canary.ts', "import 'casbin';"]],
  'kafka-in-workers': [['libs/ingest/src/canary.ts', "import 'kafkajs';"]],
  'anchor-imports': [['libs/anchor/src/canary.ts', "import '@countersign/promotion';"]],
  'config-imports': [['libs/config/src/canary.ts', "import '@countersign/events';"]],
  'database-imports': [['libs/database/src/canary.ts', "import '@countersign/ledger';"]],
  'events-imports': [['libs/events/src/canary.ts', "import '@countersign/ledger';"]],
  'identity-imports': [['libs/identity/src/canary.ts', "import '@countersign/policy';"]],
  'ingest-imports': [['libs/ingest/src/canary.ts', "import '@countersign/registry';"]],
  'ledger-imports': [['libs/ledger/src/canary.ts', "import '@countersign/promotion';"]],
  'lineage-imports': [['libs/lineage/src/canary.ts', "import '@countersign/ingest';"]],
  'policy-imports': [['libs/policy/src/canary.ts', "import '@countersign/identity';"]],
  'promotion-imports': [['libs/promotion/src/canary.ts', "import '@countersign/ingest';"]],
  'registry-imports': [['libs/registry/src/canary.ts', "import '@countersign/ingest';"]],
  'witness-imports': [['libs/witness/src/canary.ts', "import '@countersign/ledger';"]],
  'vault-imports': [['libs/vault/src/canary.ts', "import '@countersign/database';"]],
};

const copy = mkdtempSync(join(tmpdir(), 'countersign-canary-'));
const failures = forbidden
  .filter((rule) => !(rule.name in offences))
  .map((rule) => `${rule.name}: no canary`);
try {
  for (const part of [
    'apps',
    'libs',
    'test/support',
    'tsconfig.json',
    'package.json',
    '.dependency-cruiser.cjs',
  ]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const clean = violations();
  for (const { rule, from } of clean) failures.push(`the tree itself: ${rule.name} at ${from}`);

  // Each rule's files carry its name, so that one run tells for all rules which of them fired.
  const named = (path, rule) => path.replace(/canary(-[a-z]+)?\.(ts|js)/g, `canary$1-${rule}.$2`);
  for (const [rule, files] of Object.entries(offences)) {
    for (const [path, text] of files) {
      const place = join(copy, named(path, rule));
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, `${named(text, rule)}\n`);
    }
  }
  const fired = violations();
  for (const [rule, [[path]]] of Object.entries(offences)) {
    const found = fired.some(
      (violation) => violation.rule.name === rule && violation.from === named(path, rule),
    );
    if (!found) failures.push(`${rule}: did not fire`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}

for (const failure of failures) console.error(`dependency canary: ${failure}`);
console.log(`${forbidden.length - failures.length} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

/** What the checker finds in the copy. */
function violations() {
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const { stdout } = spawnSync(
    process.execPath,
    [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'apps', 'libs'],
    { cwd: copy, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  return JSON.parse(stdout).summary.violations;
}
