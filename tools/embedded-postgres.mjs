// A private PostgreSQL from the server binaries published on npm: for `npm start`, tests and benchmarks.
//
// As a module:   const server = await startEmbeddedPostgres({ directory, port });
//                server.ownerUrl(database) migrates, server.appUrl(database) serves; await server.stop()
// As a command:  node tools/embedded-postgres.mjs start|stop|status   (DEV_DB_DIR, DEV_DB_PORT)
//
// Two logins are made: `countersign` (superuser of this private cluster, migrates) and `countersign_app`, which
// owns nothing and can only become the runtime role.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';

const OWNER = 'countersign';
const APP = 'countersign_app';
const HOST = '127.0.0.1';

/** A failure that is explained to a person in one or two sentences. */
export class EmbeddedPostgresError extends Error {}

// ---------------------------------------------------------------- binaries

/** Finds the platform package, and does what its install script would have done. */
async function loadBinaries() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new EmbeddedPostgresError(
      `${name} is not installed. Install it, or set DATABASE_URL to a server of your own.`,
    );
  }
  const { postgres, initdb, pg_ctl } = await import(pathToFileURL(entry).href);
  prepareBinaries([postgres, initdb, pg_ctl], resolve(dirname(postgres), '..'));
  return { postgres, initdb, pg_ctl };
}

/** Library symlinks are missing after `npm ci --ignore-scripts`; without them nothing starts. */
function prepareBinaries(programs, nativeDirectory) {
  const links = JSON.parse(readFileSync(join(nativeDirectory, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const path = join(nativeDirectory, '..', target);
    if (!existsSync(path)) ignoreErrors(() => symlinkSync(basename(source), path));
  }
  for (const program of programs) ignoreErrors(() => chmodSync(program, 0o755));
}

function ignoreErrors(action) {
  try {
    action();
  } catch {
    // read-only or already done by another process: a real problem shows when the program starts
  }
}

// ---------------------------------------------------------------- who runs the server

const UNSHARE = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];

/**
 * PostgreSQL refuses uid 0. Returns { prefix, uid, gid, name } for running its programs:
 *  - not root: as we are;
 *  - root: in a user namespace in which we are uid 1000 (outside it the files stay root's);
 *  - root where user namespaces are refused, as in some containers: as `postgres` or `nobody`.
 * A directory that already belongs to another user keeps that user.
 */
function chooseIdentity(directory) {
  if (process.getuid?.() !== 0) return { prefix: [] };

  const owner = existsSync(directory) ? statSync(directory) : undefined;
  if (owner && owner.uid !== 0) {
    return { prefix: [], uid: owner.uid, gid: owner.gid, name: `uid ${owner.uid}` };
  }

  const [command, ...args] = UNSHARE;
  if (spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0)
    return { prefix: UNSHARE };

  for (const name of ['postgres', 'nobody']) {
    const uid = numericId('-u', name);
    const gid = numericId('-g', name);
    if (uid && gid) return { prefix: [], uid, gid, name };
  }
  throw new EmbeddedPostgresError(
    'Running as root: user namespaces are refused and no user `postgres` or `nobody` exists.',
  );
}

function numericId(option, user) {
  const result = spawnSync('id', [option, user], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout) : undefined;
}

/** Checks that the user who runs the server can get at everything, then hands the files over. */
function grantAccess(identity, { postgres }, directory) {
  if (identity.uid === undefined) return;
  for (const path of [postgres, dirname(directory)]) {
    if (run(identity, 'test', ['-x', path]).status === 0) continue;
    throw new EmbeddedPostgresError(
      `${path} cannot be reached by ${identity.name}, as which the server has to run here.\n` +
        'Make every directory on that path searchable (chmod o+x), choose another place ' +
        '(DEV_DB_DIR), or set DATABASE_URL to a server of your own.',
    );
  }
  changeOwner(directory, identity);
}

function changeOwner(path, { uid, gid }) {
  lchownSync(path, uid, gid);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) changeOwner(child, { uid, gid });
    else lchownSync(child, uid, gid);
  }
}

/** Runs a program as that identity, from `/`: the current directory may be closed to it. */
function run({ prefix, uid, gid }, program, args, stdio = 'pipe') {
  const [command, ...rest] = [...prefix, program, ...args];
  const result = spawnSync(command, rest, { cwd: '/', uid, gid, stdio, encoding: 'utf8' });
  if (result.error) throw result.error;
  return { status: result.status, output: `${result.stdout ?? ''}${result.stderr ?? ''}`.trim() };
}

// ---------------------------------------------------------------- the cluster

/** Makes the cluster under another name first, so that an interrupted run leaves no half-made one. */
function createCluster(identity, { initdb }, { clusterDirectory, passwordFile }) {
  const unfinished = `${clusterDirectory}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, randomBytes(24).toString('base64url') + '\n', { mode: 0o600 });
  if (identity.uid !== undefined) lchownSync(passwordFile, identity.uid, identity.gid);

  const { status, output } = run(identity, initdb, [
    `--pgdata=${unfinished}`,
    `--username=${OWNER}`,
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ]);
  if (status !== 0) throw new EmbeddedPostgresError(`initdb failed:\n${output}`);
  renameSync(unfinished, clusterDirectory);
}

function isRunning(identity, { pg_ctl }, { clusterDirectory }) {
  return (
    existsSync(clusterDirectory) &&
    run(identity, pg_ctl, ['-D', clusterDirectory, 'status']).status === 0
  );
}

function startServer(identity, { pg_ctl }, { clusterDirectory, logFile }, port, settings) {
  // Quoted for the shell that pg_ctl passes them to. No Unix socket: its path may be 107 bytes at most.
  const options = [
    `-p ${port}`,
    `-c listen_addresses=${HOST}`,
    "-c unix_socket_directories=''",
    '-c timezone=UTC',
    ...Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`),
  ];
  const args = ['-D', clusterDirectory, '-o', options.join(' '), '-l', logFile, '-w', 'start'];
  // The server inherits these streams: with pipes, spawnSync would wait until it stops.
  const { status } = run(identity, pg_ctl, args, 'ignore');
  if (status !== 0) {
    throw new EmbeddedPostgresError(
      `The server did not start. End of ${logFile}:\n${lastLines(logFile, 10)}`,
    );
  }
}

function lastLines(file, count) {
  return existsSync(file)
    ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
    : '(no log)';
}

/** The port of the running server, which need not be the one asked for now. */
function runningPort({ clusterDirectory }) {
  return Number(
    readFileSync(join(clusterDirectory, 'postmaster.pid'), 'utf8').split('\n')[3].trim(),
  );
}

/** The wanted port when it is free, else the next free one below the ephemeral range. */
async function freePort(wanted) {
  for (let port = wanted; port < wanted + 200; port += 1) {
    if (await canListen(port)) return port;
  }
  throw new EmbeddedPostgresError(
    `No free port between ${wanted} and ${wanted + 199} for the embedded database. Set DEV_DB_PORT.`,
  );
}

function canListen(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, HOST, () => probe.close(() => done(true)));
  });
}

// ---------------------------------------------------------------- logins and databases

async function withOwner(url, work) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** The login of the service: no superuser, no owner, may only become the runtime role. */
async function ensureLogins(url, password) {
  await withOwner(url, async (client) => {
    await client.query('SELECT pg_advisory_lock(72707370)');
    for (const statement of [
      'CREATE ROLE countersign_owner NOLOGIN',
      'CREATE ROLE countersign_runtime NOLOGIN',
      `CREATE ROLE ${APP} LOGIN NOINHERIT PASSWORD '${password}'`,
      `GRANT countersign_runtime TO ${APP}`,
    ]) {
      await client.query(statement).catch(allowDuplicate);
    }
  });
}

async function ensureDatabase(url, database) {
  await withOwner(url, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0)
      await client.query(`CREATE DATABASE "${database}"`).catch(allowDuplicate);
  });
}

/** Another process may have created it since the check. */
function allowDuplicate(error) {
  // duplicate_object, duplicate_database, unique_violation
  if (!['42710', '42P04', '23505'].includes(error.code)) throw error;
}

// ---------------------------------------------------------------- the module's door

/** Only one process at a time makes or starts a cluster; a lock left by a dead process is taken over. */
async function withLock(directory, work) {
  const lock = `${directory}.lock`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (attempt > 300 || Date.now() - statSync(lock).mtimeMs > 60_000) {
        rmSync(lock, { recursive: true, force: true });
      }
      await sleep(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * Starts the cluster in `directory`, or joins the one that runs there.
 * @param {{ directory: string, port?: number, settings?: Record<string, string> }} options
 * @returns {Promise<{ port: number, started: boolean, ownerUrl: (database: string) => string,
 *   appUrl: (database: string) => string, ensureDatabase: (database: string) => Promise<void>, stop: () => void }>}
 */
export async function startEmbeddedPostgres({
  directory: place,
  port: wanted = 15432,
  settings = {},
}) {
  const directory = resolve(place);
  const paths = clusterPaths(directory);
  const binaries = await loadBinaries();
  mkdirSync(dirname(directory), { recursive: true });
  const started = await withLock(directory, async () => {
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
    const identity = chooseIdentity(directory);
    if (isRunning(identity, binaries, paths)) return false;
    grantAccess(identity, binaries, directory);
    if (!existsSync(paths.clusterDirectory)) createCluster(identity, binaries, paths);
    startServer(identity, binaries, paths, await freePort(wanted), settings);
    return true;
  });
  const port = runningPort(paths);
  const password = readFileSync(paths.passwordFile, 'utf8').trim();
  const url = (login, database) => `postgresql://${login}:${password}@${HOST}:${port}/${database}`;
  try {
    await ensureLogins(url(OWNER, 'postgres'), password);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `No connection to the embedded database on port ${port}: ${error.message}\n` +
        `If none is running, remove ${join(paths.clusterDirectory, 'postmaster.pid')} and try again.`,
    );
  }
  return {
    port,
    started,
    ownerUrl: (database) => url(OWNER, database),
    appUrl: (database) => url(APP, database),
    ensureDatabase: (database) => ensureDatabase(url(OWNER, 'postgres'), database),
    stop: () => stopCluster(directory, binaries, paths),
  };
}

function clusterPaths(directory) {
  return {
    clusterDirectory: join(directory, 'data'),
    passwordFile: join(directory, 'password'),
    logFile: join(directory, 'log'),
  };
}

function stopCluster(directory, binaries, paths) {
  if (!existsSync(paths.clusterDirectory))
    return { status: 3, output: `No cluster in ${directory}` };
  const args = ['-D', paths.clusterDirectory, '-m', 'fast', '-w', 'stop'];
  return run(chooseIdentity(directory), binaries.pg_ctl, args);
}

// ---------------------------------------------------------------- as a command

async function main([command = 'start']) {
  const directory = resolve(process.env.DEV_DB_DIR ?? '.data/pg');
  const paths = clusterPaths(directory);
  if (command === 'start') {
    const server = await startEmbeddedPostgres({
      directory,
      port: Number(process.env.DEV_DB_PORT ?? 15432),
    });
    await server.ensureDatabase('countersign');
    console.log(server.ownerUrl('countersign'));
  } else if (command === 'stop') {
    const { status, output } = stopCluster(directory, await loadBinaries(), paths);
    console.error(output);
    process.exitCode = status;
  } else if (command === 'status') {
    const binaries = await loadBinaries();
    const running = isRunning(chooseIdentity(directory), binaries, paths);
    console.error(running ? `running on port ${runningPort(paths)}` : 'not running');
    process.exitCode = running ? 0 : 3;
  } else {
    throw new EmbeddedPostgresError(`Unknown command ${command}; use start, stop or status`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof EmbeddedPostgresError ? error.message : error);
    process.exitCode = 1;
  }
}
