#!/usr/bin/env node
// Breaks what each gate guards, on purpose and in a throw-away copy, and expects the gate to fail. A gate that passes on
// a broken tree is worse than none.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const copy = mkdtempSync(join(tmpdir(), 'countersign-gates-'));
const parts = [
  'apps',
  'libs',
  'prisma',
  'test/support',
  'test/fixtures/api.graphql',
  'tools',
  'schema.graphql',
  'eslint.config.js',
  'tsconfig.json',
  'package.json',
  'prisma.config.ts',
  '.prettierrc.json',
  '.prettierignore',
];

/** Each: a gate, how to break what it guards, and how to call it in the copy. */
const gates = [
  {
    name: 'types',
    damage: () =>
      writeFileSync(join(copy, 'libs/kernel/src/canary.ts'), "export const n: number = 'text';\n"),
    command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'],
  },
  {
    name: 'lint',
    damage: () =>
      writeFileSync(
        join(copy, 'libs/kernel/src/canary.ts'),
        'export const a: any = process.env;\n',
      ),
    command: ['node_modules/eslint/bin/eslint.js', 'libs/kernel'],
  },
  {
    name: 'lint: a file above 400 lines',
    damage: () =>
      writeFileSync(join(copy, 'libs/kernel/src/canary.ts'), `${'export {};\n'.repeat(401)}`),
    command: ['node_modules/eslint/bin/eslint.js', 'libs/kernel'],
  },
  {
    name: 'format',
    damage: () => writeFileSync(join(copy, 'libs/kernel/src/canary.ts'), 'export   const  a="b"\n'),
    command: ['node_modules/prettier/bin/prettier.cjs', '--check', 'libs/kernel'],
  },
  {
    name: 'schema drift',
    damage: () => appendFileSync(join(copy, 'schema.graphql'), '\ntype Canary { id: ID! }\n'),
    command: ['tools/check-schema.mjs'],
  },
  {
    name: 'migration drift',
    damage: () =>
      writeFileSync(
        join(copy, 'prisma/canary.prisma'),
        'model Canary {\n  id String @id\n  @@map("canary")\n}\n',
      ),
    command: ['tools/check-migrations.mjs'],
  },
];

let passed = 0;
const failures = [];
for (const gate of gates) {
  makeCopy();
  gate.damage();
  const { status } = spawnSync(process.execPath, gate.command, { cwd: copy, encoding: 'utf8' });
  if (status === 0) failures.push(gate.name);
  else passed += 1;
  removeTestDatabase();
}
rmSync(copy, { recursive: true, force: true });
for (const name of failures) console.error(`gates canary: ${name} did not fail on a broken tree`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

function makeCopy() {
  rmSync(copy, { recursive: true, force: true });
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** The migration gate starts a database of its own below the copy. */
function removeTestDatabase() {
  spawnSync(process.execPath, ['tools/embedded-postgres.mjs', 'stop'], {
    cwd: copy,
    env: { ...process.env, DEV_DB_DIR: '.data/test-pg' },
  });
}
