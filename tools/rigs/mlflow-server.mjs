#!/usr/bin/env node
// Starts and stops a real MLflow tracking and registry server with registry webhooks enabled, for tests and demonstrations.
// Usage: node mlflow-server.mjs <start|stop|status> [--dir DIR] [--port N] [--cache DIR] [--version V] [--python PATH] [--with PKG]...
//   start   makes a Python virtual environment with a pinned MLflow in the cache directory if absent, starts the server on
//           127.0.0.1, waits until /health answers and prints one line of JSON. Starting a running server only prints its state.
//   stop    stops the server of --dir (its whole process group) and waits for it to end.
//   status  prints one line of JSON; the exit status is 0 when the server answers, 3 when it does not run.
// --dir      database, artifacts, log and pid file (default: .mlflow-server)
// --port     port on 127.0.0.1 (default: 5000)
// --cache    virtual environments, shared between directories (default: <dir>/venvs; MLFLOW_SERVER_CACHE)
// --with     a further package for the environment, such as xgboost-cpu; may be repeated
// --auth     starts the server with MLflow's basic-auth app (admin user "admin", password in the printed JSON)
// Needs Python 3.10 or newer with the venv module, and pip's package index (only for the first start).
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

export const MLFLOW_VERSION = '3.17.2';
const MIN_PYTHON = [3, 10];
const READY_MS = 120_000;
const STOP_MS = 15_000;

class Failure extends Error {}
const fail = (message) => {
  throw new Failure(message);
};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const venvBin = (venv, name) =>
  process.platform === 'win32'
    ? path.join(venv, 'Scripts', name + '.exe')
    : path.join(venv, 'bin', name);

function findPython(wanted) {
  const tried = [];
  for (const command of wanted ? [wanted] : ['python3', 'python']) {
    const found = spawnSync(command, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], {
      encoding: 'utf8',
    });
    if (found.error || found.status !== 0) {
      tried.push(`${command}: not found`);
      continue;
    }
    const version = found.stdout.trim().split('.').map(Number);
    if (
      version[0] < MIN_PYTHON[0] ||
      (version[0] === MIN_PYTHON[0] && version[1] < MIN_PYTHON[1])
    ) {
      tried.push(`${command}: version ${version.join('.')}`);
      continue;
    }
    return command;
  }
  return fail(
    `Python ${MIN_PYTHON.join('.')} or newer is needed (${tried.join('; ')}). Install it or name it with --python.`,
  );
}

function run(command, args, what, env = process.env) {
  const result = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 });
  if (result.error) fail(`${what}: ${result.error.message}`);
  if (result.status !== 0)
    fail(
      `${what} failed (exit status ${result.status}):\n${(result.stderr || result.stdout).trim().split('\n').slice(-15).join('\n')}`,
    );
  return result.stdout;
}

function ensureVenv(options) {
  const extras = [...options.with, ...(options.auth ? ['Flask-WTF<2'] : [])].sort();
  const key = extras.length
    ? '-' + crypto.createHash('sha256').update(extras.join('\n')).digest('hex').slice(0, 8)
    : '';
  const venv = path.join(options.cache, `mlflow-${options.version}${key}`);
  const done = path.join(venv, '.installed');
  if (fs.existsSync(done)) return venv;
  const python = findPython(options.python);
  fs.rmSync(venv, { recursive: true, force: true });
  fs.mkdirSync(options.cache, { recursive: true });
  process.stderr.write(
    `Installing MLflow ${options.version} (about 850 MB, a few minutes the first time)\n`,
  );
  const made = spawnSync(python, ['-m', 'venv', venv], { encoding: 'utf8' });
  if (made.status !== 0)
    fail(
      `Could not create a virtual environment with ${python}; on Debian install the python3-venv package.\n${(made.stderr || made.stdout).trim()}`,
    );
  run(
    venvBin(venv, 'python'),
    [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `mlflow==${options.version}`,
      ...extras,
    ],
    'pip install',
  );
  fs.writeFileSync(done, JSON.stringify({ mlflow: options.version, with: extras }) + '\n');
  return venv;
}

const request = (port, route) =>
  new Promise((resolve) => {
    const req = http.get({ host: '127.0.0.1', port, path: route, timeout: 2000 }, (res) => {
      let body = '';
      res
        .setEncoding('utf8')
        .on('data', (chunk) => {
          body += chunk;
        })
        .on('end', () => resolve({ status: res.statusCode, body }));
    });
    req.on('timeout', () => req.destroy()).on('error', () => resolve(null));
  });

const portFree = (port) =>
  new Promise((resolve) => {
    const probe = net
      .createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

const stateFile = (dir) => path.join(dir, 'server.json');
function readState(dir) {
  try {
    return JSON.parse(fs.readFileSync(stateFile(dir), 'utf8'));
  } catch {
    return null;
  }
}

function alive(state) {
  if (!state?.pid) return false;
  try {
    process.kill(state.pid, 0);
  } catch {
    return false;
  }
  // A pid can be reused after a restart of the machine: where /proc exists, the command line must be MLflow's.
  try {
    return fs.readFileSync(`/proc/${state.pid}/cmdline`, 'utf8').includes('mlflow');
  } catch {
    return true;
  }
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function groupAlive(pid) {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

function webhookKey(dir) {
  const file = path.join(dir, 'webhook-secret-encryption.key');
  // Fernet key: URL-safe base64 (with padding) of 32 bytes. It must stay the same for one database, or stored secrets become unreadable.
  if (!fs.existsSync(file))
    fs.writeFileSync(
      file,
      crypto.randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
      { mode: 0o600 },
    );
  return fs.readFileSync(file, 'utf8').trim();
}

const describe = (state, extra) => ({
  url: `http://127.0.0.1:${state.port}`,
  pid: state.pid,
  version: state.version,
  dir: state.dir,
  python: state.python,
  ...state.credentials,
  ...extra,
});

async function start(options) {
  fs.mkdirSync(options.dir, { recursive: true });
  const old = readState(options.dir);
  if (alive(old)) {
    if (old.port !== options.port)
      fail(`A server of this directory already runs on port ${old.port} (pid ${old.pid}).`);
    const answer = await request(old.port, '/health');
    if (answer?.status === 200) return describe(old, { started: false });
    fail(`The server process ${old.pid} runs but does not answer; run "stop" first.`);
  }
  if (!(await portFree(options.port))) fail(`Port ${options.port} on 127.0.0.1 is already in use.`);
  const venv = ensureVenv(options);
  const begun = Date.now();
  const env = {
    ...process.env,
    MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: webhookKey(options.dir),
    MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http,https', // default: https only
    MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true', // default: receivers on private or loopback addresses are refused
    MLFLOW_WEBHOOK_CACHE_TTL: process.env.MLFLOW_WEBHOOK_CACHE_TTL ?? '0', // default: 60 s until a changed subscription takes effect
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', // no background job processes: less memory, quicker start
    MLFLOW_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: 'true',
  };
  delete env.MLFLOW_TRACKING_URI;
  delete env.MLFLOW_REGISTRY_URI;
  let credentials;
  const args = [
    'server',
    '--backend-store-uri',
    'sqlite:///mlflow.db',
    '--serve-artifacts',
    '--artifacts-destination',
    './artifacts',
    '--host',
    '127.0.0.1',
    '--port',
    String(options.port),
    '--workers',
    '1',
  ];
  if (options.auth) {
    credentials = {
      username: 'admin',
      password: old?.credentials?.password ?? crypto.randomBytes(12).toString('base64url'),
    };
    fs.writeFileSync(
      path.join(options.dir, 'basic_auth.ini'),
      [
        '[mlflow]',
        'default_permission = READ',
        'database_uri = sqlite:///basic_auth.db',
        `admin_username = ${credentials.username}`,
        `admin_password = ${credentials.password}`,
        'authorization_function = mlflow.server.auth:authenticate_request_basic_auth',
        '',
      ].join('\n'),
      { mode: 0o600 },
    );
    env.MLFLOW_AUTH_CONFIG_PATH = 'basic_auth.ini';
    env.MLFLOW_FLASK_SERVER_SECRET_KEY = crypto.randomBytes(24).toString('hex');
    args.push('--app-name', 'basic-auth');
  }
  const log = path.join(options.dir, 'server.log');
  const out = fs.openSync(log, 'a');
  // Relative store paths: the server's working directory is --dir, so that no absolute path gets into the database.
  const child = spawn(venvBin(venv, 'mlflow'), args, {
    cwd: options.dir,
    env,
    detached: true,
    stdio: ['ignore', out, out],
  });
  fs.closeSync(out);
  let ended = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= `exit ${code ?? signal}`;
  });
  const state = {
    pid: child.pid,
    port: options.port,
    version: options.version,
    dir: options.dir,
    python: venvBin(venv, 'python'),
    credentials,
    startedAt: new Date().toISOString(),
  };
  if (child.pid)
    fs.writeFileSync(stateFile(options.dir), JSON.stringify(state, null, 2) + '\n', {
      mode: 0o600,
    });
  for (;;) {
    if (ended) {
      fs.rmSync(stateFile(options.dir), { force: true });
      fail(
        `MLflow ended while starting (${ended}). End of ${log}:\n${fs.readFileSync(log, 'utf8').trim().split('\n').slice(-15).join('\n')}`,
      );
    }
    if ((await request(options.port, '/health'))?.status === 200) break;
    if (Date.now() - begun > READY_MS) {
      killGroup(child.pid, 'SIGKILL');
      fs.rmSync(stateFile(options.dir), { force: true });
      fail(`MLflow did not answer within ${READY_MS / 1000} s; see ${log}.`);
    }
    await sleep(150);
  }
  child.unref();
  const answer = await request(options.port, '/version'); // 401 with --auth
  return describe(state, {
    started: true,
    version: answer?.status === 200 ? answer.body.trim() : options.version,
    readyMs: Date.now() - begun,
  });
}

async function stop(options) {
  const state = readState(options.dir);
  if (!alive(state)) {
    fs.rmSync(stateFile(options.dir), { force: true });
    return { stopped: false, reason: 'not running' };
  }
  killGroup(state.pid, 'SIGTERM');
  const limit = Date.now() + STOP_MS;
  while (groupAlive(state.pid) && Date.now() < limit) await sleep(100);
  const killed = groupAlive(state.pid);
  if (killed) killGroup(state.pid, 'SIGKILL');
  fs.rmSync(stateFile(options.dir), { force: true });
  return { stopped: true, pid: state.pid, ...(killed ? { killed: true } : {}) };
}

async function status(options) {
  const state = readState(options.dir);
  const answers = alive(state) && (await request(state.port, '/health'))?.status === 200;
  if (!answers) process.exitCode = 3;
  return state && alive(state)
    ? describe(state, { running: true, healthy: answers })
    : { running: false };
}

async function main(argv) {
  const usage =
    'Usage: mlflow-server.mjs <start|stop|status> [--dir DIR] [--port N] [--cache DIR] [--version V] [--python PATH] [--with PKG] [--auth]';
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        dir: { type: 'string', default: '.mlflow-server' },
        port: { type: 'string', default: '5000' },
        cache: { type: 'string' },
        version: { type: 'string', default: MLFLOW_VERSION },
        python: { type: 'string' },
        with: { type: 'string', multiple: true, default: [] },
        auth: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    fail(`${error.message}\n${usage}`);
  }
  const { values, positionals } = parsed;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    fail(`--port must be a port number, not "${values.port}".`);
  const dir = path.resolve(values.dir);
  const options = {
    ...values,
    dir,
    port,
    cache: path.resolve(values.cache ?? process.env.MLFLOW_SERVER_CACHE ?? path.join(dir, 'venvs')),
  };
  const commands = { start, stop, status };
  if (positionals.length !== 1 || !Object.hasOwn(commands, positionals[0])) fail(usage);
  process.stdout.write(JSON.stringify(await commands[positionals[0]](options)) + '\n');
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write((error instanceof Failure ? error.message : error.stack) + '\n');
  process.exitCode = 1;
});
