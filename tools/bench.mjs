#!/usr/bin/env node
// `npm run bench [name …] [size=number …]`: every test/bench/*.bench.ts, one after the other. Prints ratios against a baseline that is
// measured in the same run; never part of a timed test.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { startEmbeddedPostgres } from './embedded-postgres.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'test', 'bench');
const given = process.argv.slice(2);
const wanted = given.filter((part) => !part.includes('='));
const sizes = given.filter((part) => part.includes('='));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.bench.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();
if (names.length === 0) {
  console.error(`No benchmark matches ${wanted.join(', ')}.`);
  process.exit(3);
}

ensureBuilt();
const server = await startEmbeddedPostgres({
  directory: join(root, '.data', 'bench-pg'),
  port: 15633,
});
const tsx = createRequire(import.meta.url).resolve('tsx/cli');
try {
  for (const name of names) {
    console.log(`\n== ${name}`);
    const { status } = spawnSync(process.execPath, [tsx, join(folder, name), ...sizes], {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        TEST_OWNER_URL: server.ownerUrl('postgres'),
        TEST_APP_URL: server.appUrl('postgres'),
      },
    });
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  if (server.started) server.stop();
}
