#!/usr/bin/env node
// `npm run test:interop`: the built service against a real Kafka 4 broker and a real MLflow server, with crashes.
//
//   node tools/interop.mjs [jest arguments]
//
// Needs Java 17 with Maven (Kafka), Python 3.10 with venv and pip (MLflow), both fetched once into .cache, and Go 1.25 (a
// verifier that shares no code with ours). Where one is absent the tests that need it are skipped, which is said here, and counts as a failure when CI=true.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache');
const place = join(root, '.data', 'interop');
const kafkaPort = 19492;
const mlflowPort = 15950;

rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
ensureBuilt({ onProgress: (step) => console.log(step) });

const rigs = {
  kafka: {
    why: 'a real Kafka broker needs Java 17 and Maven',
    script: 'kafka-broker.mjs',
    args: [
      '--dir',
      join(place, 'kafka'),
      '--cache',
      join(cache, 'kafka-jars'),
      '--port',
      String(kafkaPort),
    ],
  },
  mlflow: {
    why: 'a real MLflow server needs Python 3.10 with venv and pip',
    script: 'mlflow-server.mjs',
    args: [
      '--dir',
      join(place, 'mlflow'),
      '--cache',
      join(cache, 'python'),
      '--port',
      String(mlflowPort),
    ],
  },
  go: {
    why: 'the verifier in Go needs Go 1.25 or newer and, once, its module proxy',
    script: 'go-verifier.mjs',
    args: ['--out', join(place, 'go-verifier')],
  },
};

function rig(name, command) {
  const { script, args } = rigs[name];
  return spawnSync(process.execPath, [join(root, 'tools', 'rigs', script), command, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const env = { ...process.env, INTEROP_DIR: place };
const skipped = [];
try {
  for (const name of Object.keys(rigs)) {
    console.log(`starting ${name} …`);
    const { status, stdout } = rig(name, 'start');
    if (status === 0) env[`INTEROP_${name.toUpperCase()}`] = stdout.trim().split('\n').at(-1);
    else skipped.push(name);
  }
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      jest,
      '--config',
      'jest.interop.config.js',
      '--runInBand',
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: 'inherit', env },
  );
  process.exitCode = status ?? 1;
} finally {
  for (const name of Object.keys(rigs)) rig(name, 'stop');
}
for (const name of skipped) console.log(`skipped ${name}: ${rigs[name].why}`);
if (skipped.length > 0 && process.env.CI === 'true') {
  console.log('In CI a skip is a failure.');
  process.exitCode = 1;
}
