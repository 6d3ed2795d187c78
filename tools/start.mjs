#!/usr/bin/env node
// `npm start`: everything on embedded defaults, then the demo on recorded input, then it keeps serving.
//
//   npm start                 first time: with the demo; later: keeps its data
//   npm start -- --empty      without the demo
//
// DATABASE_URL set: that server is used and no database is started. Ctrl-C stops everything.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { ensureBuilt } from './build.mjs';
import { runDemo } from './demo/story.mjs';
import { printSummary } from './demo/summary.mjs';
import { lastLines, startNode, stopChild, waitFor } from './processes.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dataDir = resolve(process.env.DATA_DIR ?? join(root, '.data'));
const port = Number(process.env.PORT ?? 4000);
const url = process.env.PUBLIC_URL ?? `http://127.0.0.1:${port}`;
const empty = process.argv.includes('--empty');
const runtimeFile = join(dataDir, 'runtime.json');
const demoFile = join(dataDir, 'demo.json');

const started = performance.now();
const say = (text) => console.log(text);
const step = (text) =>
  say(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}`);

/** What has to be stopped, newest first. */
const running = [];
let stopping;

/** Stops what runs, newest first, and ends the process. The second call joins the first. */
function shutDown(exitCode) {
  stopping ??= (async () => {
    for (const stop of running.reverse()) await stop();
    rmSync(runtimeFile, { force: true });
    process.exit(exitCode);
  })();
  return stopping;
}

/** A plain sentence and a non-zero exit. */
async function fail(error) {
  console.error(`\nCountersign did not start: ${error.message}`);
  await shutDown(1);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (stopping === undefined) say('\nStopping …');
    void shutDown(0);
  });
}

try {
  await main();
} catch (error) {
  await fail(error);
}

async function main() {
  checkNode();
  say('Countersign is starting.');
  makeDataDir();
  await checkPort();
  ensureBuilt({ onProgress: step });
  const database = await startDatabase();
  migrate(database);
  await startService(database);
  step(`service ready at ${url}`);
  const demo = existsSync(demoFile) || !empty;
  if (!existsSync(demoFile) && !empty) {
    await runDemo({
      url,
      dataDir,
      fixtures: join(root, 'test', 'fixtures', 'card-fraud-session'),
      demoFile,
      step,
      say,
      onStop: (stop) => running.push(stop),
    });
  }
  await printSummary({
    url,
    dataDir,
    demoFile: demo ? demoFile : undefined,
    trust: () =>
      command(database, ['trust', '--tenant', 'acme', '--vkey'], 'the key could not be read'),
    say,
  });
  say('\nServing until Ctrl-C.');
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Node.js 20.19 or newer is needed; this is ${process.versions.node}.`);
}

function makeDataDir() {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(join(dataDir, '.writable'), '');
  } catch (error) {
    throw new Error(
      `DATA_DIR ${dataDir} cannot be written (${error.code}). Set DATA_DIR to a folder with space and rights.`,
      { cause: error },
    );
  }
}

/** Asked before anything is started: a clear sentence beats a stack trace of the server. */
function checkPort() {
  return new Promise((done, refuse) => {
    const probe = createServer();
    probe.once('error', (error) =>
      refuse(
        new Error(
          `port ${port} cannot be used (${error.code}). Set PORT to a free one, e.g. PORT=4100 npm start.`,
        ),
      ),
    );
    probe.listen(port, () => probe.close(() => done()));
  });
}

async function startDatabase() {
  if (process.env.DATABASE_URL) {
    step('using the database of DATABASE_URL');
    const url = process.env.DATABASE_URL;
    return { url, migrationUrl: process.env.DATABASE_MIGRATION_URL ?? url };
  }
  const { startEmbeddedPostgres } = await import('./embedded-postgres.mjs');
  const server = await startEmbeddedPostgres({
    directory: join(dataDir, 'pg'),
    port: Number(process.env.DEV_DB_PORT ?? 15432),
  });
  running.push(() => server.stop());
  await server.ensureDatabase('countersign');
  step(`embedded PostgreSQL on port ${server.port}`);
  return { url: server.appUrl('countersign'), migrationUrl: server.ownerUrl('countersign') };
}

/** Runs one command of the command line on this installation; its output, or an error that quotes it. */
function command(database, args, what) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'apps', 'cli', 'main.js'), ...args],
    {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...process.env,
        DATABASE_URL: database.url,
        DATABASE_MIGRATION_URL: database.migrationUrl,
        DATA_DIR: dataDir,
      },
    },
  );
  if (status !== 0) throw new Error(`${what}.\n${stdout}${stderr}`);
  return stdout.trim();
}

function migrate(database) {
  const said = command(database, ['migrate'], 'the database could not be migrated');
  step(said.split('\n').at(-1) ?? 'migrated');
}

async function startService(database) {
  const logFile = join(dataDir, 'service.log');
  writeFileSync(
    runtimeFile,
    JSON.stringify({ url, databaseUrl: database.url, databaseMigrationUrl: database.migrationUrl }),
    { mode: 0o600 },
  );
  const service = startNode(join(root, 'dist', 'apps', 'service', 'main.js'), {
    cwd: root,
    logFile,
    env: { DATABASE_URL: database.url, DATA_DIR: dataDir, PORT: String(port), PUBLIC_URL: url },
  });
  running.push(() => stopChild(service));
  let ended;
  void service.exited.then(({ code, signal }) => {
    ended = `the service ended (${signal ?? `exit code ${code}`}). The end of ${logFile}:\n${lastLines(logFile, 12)}`;
    if (ready && stopping === undefined) void fail(new Error(ended));
  });
  let ready = false;
  await waitFor(
    async () => {
      if (ended) throw new Error(ended);
      return fetch(`${url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    },
    {
      message: () =>
        `the service was not ready in time. The end of ${logFile}:\n${lastLines(logFile, 12)}`,
    },
  );
  ready = true;
}
