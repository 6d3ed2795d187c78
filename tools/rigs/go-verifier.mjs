#!/usr/bin/env node
// Builds test/interop/go-verifier, the verifier on golang.org/x/mod/sumdb.
// Usage: node go-verifier.mjs <start|stop> --out FILE
//   start   builds it and prints one line of JSON, {"binary":…}. Needs Go 1.25 or newer; the first build fetches its modules.
//   stop    does nothing: a build leaves no process behind.
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' } },
});
if (positionals[0] === 'stop') process.exit(0);
if (positionals[0] !== 'start' || values.out === undefined) {
  console.error('usage: go-verifier.mjs <start|stop> --out FILE');
  process.exit(2);
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const binary = resolve(values.out);
const built = spawnSync('go', ['build', '-trimpath', '-o', binary, '.'], {
  cwd: join(root, 'test', 'interop', 'go-verifier'),
  env: { ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' },
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (built.error !== undefined || built.status !== 0) {
  console.error(built.error === undefined ? 'go build failed' : 'no go command was found');
  process.exit(1);
}
console.log(JSON.stringify({ binary }));
