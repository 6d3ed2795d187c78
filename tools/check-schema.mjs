#!/usr/bin/env node
// schema.graphql is what the built service serves. `--write` renews it; without, a difference is an error.
//
//   node tools/check-schema.mjs [--write]
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'schema.graphql');

ensureBuilt();
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [join(root, 'dist', 'apps', 'service', 'main.js'), '--print-schema'],
  { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 },
);
if (status !== 0) {
  console.error(`The service could not print its schema:\n${stderr}`);
  process.exit(1);
}
if (process.argv.includes('--write')) {
  writeFileSync(file, stdout);
  console.log('schema.graphql written');
} else if (readFileSync(file, 'utf8') === stdout) {
  console.log('schema.graphql is what the service serves');
} else {
  console.error(
    'schema.graphql is not what the service serves. Run npm run schema:write and look at the difference.',
  );
  process.exitCode = 1;
}
