#!/usr/bin/env node
// Builds the service and the command line into dist/, unless they are newer than every source.
//
//   node tools/build.mjs [--force]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, 'dist', 'built-from');
const outputs = ['dist/apps/service/main.js', 'dist/apps/cli/main.js'];

/** Builds what is stale. Returns whether anything was built; throws with the builder's output when it fails. */
export function ensureBuilt({ force = false, onProgress = () => {} } = {}) {
  const stamp = fingerprint();
  if (!force && outputs.every((file) => existsSync(join(root, file))) && readStamp() === stamp)
    return false;
  const generated = join(root, 'libs', 'database', 'src', 'generated', 'client.ts');
  if (!existsSync(generated)) {
    onProgress('generating the database client');
    runBin('prisma', 'build/index.js', ['generate']);
  }
  for (const app of ['service', 'cli']) {
    onProgress(`building ${app}`);
    runBin('@nestjs/cli', 'bin/nest.js', ['build', app]);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
  return true;
}

function readStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
}

/** Names, sizes and times of everything that the bundles are made from. */
function fingerprint() {
  const hash = createHash('sha256');
  const walk = (path) => {
    const stat = statSync(path);
    if (!stat.isDirectory()) {
      hash.update(`${path.slice(root.length)} ${stat.size} ${stat.mtimeMs}\n`);
      return;
    }
    for (const name of readdirSync(path).sort()) {
      if (name !== 'generated' && name !== 'node_modules') walk(join(path, name));
    }
  };
  for (const part of ['apps', 'libs', 'prisma', 'nest-cli.json', 'tsconfig.json', 'package.json']) {
    walk(join(root, part));
  }
  return hash.digest('hex');
}

function runBin(packageName, file, args) {
  const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(dirname(manifest), file), ...args],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${packageName} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const built = ensureBuilt({
      force: process.argv.includes('--force'),
      onProgress: (step) => console.log(step),
    });
    console.log(built ? 'built dist/' : 'dist/ is up to date');
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
