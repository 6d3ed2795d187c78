#!/usr/bin/env node
// Runs a single-node Apache Kafka broker (KRaft, broker and controller in one
// process) for development and tests. The server is resolved with Maven; no
// Docker image and no npm package is needed. Everything listens on 127.0.0.1.
//
//   node kafka-broker.mjs start  [--dir .kafka] [--port 9092] [--heap 512m] ...
//   node kafka-broker.mjs status [--dir .kafka]
//   node kafka-broker.mjs stop   [--dir .kafka] [--force]
//
// Each command prints one JSON object on stdout; progress and errors go to
// stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 (status) not running.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { findJava, note, resolveJars, run, UserError } from './kafka-jars.mjs';
import { HOST, isReady, portIsFree } from './kafka-readiness.mjs';

const KAFKA_VERSION = '4.3.1';

const USAGE = `usage: kafka-broker.mjs <start|stop|status> [options]

  --dir <path>        data, configuration, log and pid file   (default .kafka)
  --cache <path>      where the jars are kept                 (default <dir>/lib)
  --port <n>          client listener; the controller takes n+1 (default 9092)
  --heap <size>       maximum Java heap                       (default 512m)
  --kafka <version>   Kafka version                           (default ${KAFKA_VERSION})
  --sasl <user:pass>  require SASL (PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512);
                      with other credentials than before, add --clean
  --set <key=value>   extra broker setting, repeatable
  --timeout <s>       how long to wait for ready or for stop  (default 60)
  --clean             start: delete the data first
  --force             stop: kill at once instead of shutting down`;

// ---------------------------------------------------------------- options

function readOptions(argv) {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        dir: { type: 'string', default: '.kafka' },
        cache: { type: 'string' },
        port: { type: 'string', default: '9092' },
        heap: { type: 'string', default: '512m' },
        kafka: { type: 'string', default: KAFKA_VERSION },
        sasl: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        timeout: { type: 'string', default: '60' },
        clean: { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UserError(`${error.message}\n\n${USAGE}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) return { command: 'help' };

  const port = Number(values.port);
  const timeout = Number(values.timeout);
  if (!Number.isInteger(port) || port < 1 || port > 65534)
    throw new UserError(`--port: not a port: ${values.port}`, 2);
  if (!(timeout > 0))
    throw new UserError(`--timeout: not a number of seconds: ${values.timeout}`, 2);
  if (!/^\d+[kmg]$/i.test(values.heap))
    throw new UserError(`--heap: expected a size such as 512m, got ${values.heap}`, 2);
  if (!/^\d+(\.\d+)+$/.test(values.kafka))
    throw new UserError(`--kafka: not a version: ${values.kafka}`, 2);
  for (const setting of values.set) {
    if (!/^[\w.-]+=/.test(setting))
      throw new UserError(`--set: expected key=value, got ${setting}`, 2);
  }

  let sasl = null;
  if (values.sasl !== undefined) {
    // The values end up inside a JAAS line and a --add-scram argument, neither
    // of which needs quoting for this set of characters.
    const match = /^([\w.-]+):([\w.-]+)$/.exec(values.sasl);
    if (!match)
      throw new UserError(
        '--sasl: expected user:password made of letters, digits, "_", "." and "-"',
        2,
      );
    sasl = { user: match[1], password: match[2] };
  }

  const dir = path.resolve(values.dir);
  return {
    command: positionals[0],
    extraArgs: positionals.slice(1),
    dir,
    cache: values.cache ? path.resolve(values.cache) : path.join(dir, 'lib'),
    port,
    controllerPort: port + 1,
    bootstrap: `${HOST}:${port}`,
    heap: values.heap,
    kafka: values.kafka,
    sasl,
    settings: values.set,
    timeoutMs: timeout * 1000,
    clean: values.clean,
    force: values.force,
    data: path.join(dir, 'data'),
    properties: path.join(dir, 'server.properties'),
    log: path.join(dir, 'broker.log'),
    state: path.join(dir, 'broker.json'),
  };
}

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

// ---------------------------------------------------------------- configuration

function serverProperties({ port, controllerPort, data, sasl, settings }) {
  const listener = sasl ? 'SASL_PLAINTEXT' : 'PLAINTEXT';
  const lines = [
    'process.roles=broker,controller',
    'node.id=1',
    `listeners=${listener}://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    `listener.security.protocol.map=${listener}:${listener},CONTROLLER:PLAINTEXT`,
    `inter.broker.listener.name=${listener}`,
    'controller.listener.names=CONTROLLER',
    `controller.quorum.voters=1@${HOST}:${controllerPort}`,
    `log.dirs=${data.replaceAll('\\', '/')}`,
    '# One node: the internal topics cannot have the default three replicas.',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=4',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    '# Groups start at once, and a small heap is enough.',
    'group.initial.rebalance.delay.ms=0',
    'log.cleaner.dedupe.buffer.size=4194304',
    'auto.create.topics.enable=false',
    '# After a kill the controller refuses the restarted broker until the old',
    '# session has expired: 9 s by default.',
    'broker.session.timeout.ms=3000',
    'broker.heartbeat.interval.ms=500',
  ];
  if (sasl) {
    const login = (module, extra = '') =>
      `org.apache.kafka.common.security.${module} required ` +
      `username="${sasl.user}" password="${sasl.password}"${extra};`;
    const prefix = 'listener.name.sasl_plaintext';
    lines.push(
      'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'sasl.mechanism.inter.broker.protocol=PLAIN',
      `${prefix}.plain.sasl.jaas.config=${login('plain.PlainLoginModule', ` user_${sasl.user}="${sasl.password}"`)}`,
      `${prefix}.scram-sha-256.sasl.jaas.config=${login('scram.ScramLoginModule')}`,
      `${prefix}.scram-sha-512.sasl.jaas.config=${login('scram.ScramLoginModule')}`,
    );
  }
  return `${[...lines, ...settings].join('\n')}\n`;
}

/** A Kafka cluster id: 16 bytes, URL-safe base64, not starting with "-". */
function clusterId() {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

async function formatStorage(options, java, classpath) {
  if (existsSync(path.join(options.data, 'meta.properties'))) return;
  note('formatting storage');
  // SCRAM users can only be created offline while the storage is formatted.
  const scram = options.sasl
    ? ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${options.sasl.user},password=${options.sasl.password}]`,
      ])
    : [];
  try {
    await run(java, [
      '-Xmx128m',
      '-XX:TieredStopAtLevel=1',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      classpath,
      'kafka.tools.StorageTool',
      'format',
      '--cluster-id',
      clusterId(),
      '--config',
      options.properties,
      ...scram,
    ]);
  } catch (error) {
    throw new UserError(
      `formatting the storage failed:\n${`${error.stdout ?? ''}${error.stderr ?? ''}`.trim() || error.message}`,
    );
  }
}

// ---------------------------------------------------------------- process

/** True when pid is a live process that this script started for this folder. */
async function isOurs(pid, dir) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  const marker = `-Dkafka.broker.dir=${dir}`;
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').includes(marker);
  } catch {
    try {
      // no /proc: macOS and others
      return (await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).stdout.includes(marker);
    } catch {
      return false;
    }
  }
}

/** The recorded state of a running broker, or null. */
async function runningBroker({ state, dir }) {
  let recorded;
  try {
    recorded = JSON.parse(await readFile(state, 'utf8'));
  } catch {
    return null;
  }
  return Number.isInteger(recorded?.pid) && (await isOurs(recorded.pid, dir)) ? recorded : null;
}

async function logTail(file, lines = 15) {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const match = /^VmRSS:\s+(\d+)/m.exec(status);
  return match ? Math.round(Number(match[1]) / 1024) : null;
}

function summary(broker, extra) {
  const { pid, bootstrap, kafka, sasl } = broker;
  return { running: true, bootstrap, pid, kafka, sasl, ...extra };
}

// ---------------------------------------------------------------- commands

async function start(options) {
  const started = Date.now();
  const running = await runningBroker(options);
  if (running) {
    note('already running');
    return print(summary(running, { alreadyRunning: true }));
  }
  const java = await findJava();
  for (const port of [options.port, options.controllerPort]) {
    if (!(await portIsFree(port)))
      throw new UserError(`port ${port} on ${HOST} is in use: choose another --port`);
  }
  await mkdir(options.dir, { recursive: true });
  const jars = await resolveJars(options);
  const classpath = path.join(jars, '*');
  if (options.clean) await rm(options.data, { recursive: true, force: true });
  await writeFile(options.properties, serverProperties(options), { mode: 0o600 });
  await formatStorage(options, java, classpath);

  const log = openSync(options.log, 'w');
  const child = spawn(
    java,
    [
      `-Xmx${options.heap}`,
      '-XX:+UseSerialGC',
      '-XX:+ExitOnOutOfMemoryError',
      '-Djava.awt.headless=true',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
      `-Dkafka.broker.dir=${options.dir}`,
      '-cp',
      classpath,
      'kafka.Kafka',
      options.properties,
    ],
    { cwd: options.dir, detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  let ended = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = signal ? `signal ${signal}` : `exit code ${code}`;
  });

  const broker = {
    pid: child.pid,
    bootstrap: options.bootstrap,
    kafka: options.kafka,
    sasl: Boolean(options.sasl),
    port: options.port,
  };
  await writeFile(options.state, `${JSON.stringify(broker)}\n`);

  const deadline = Date.now() + options.timeoutMs;
  while (!(await isReady(options))) {
    if (ended) {
      await rm(options.state, { force: true });
      throw new UserError(
        `the broker stopped while starting (${ended}); end of ${options.log}:\n${await logTail(options.log)}`,
      );
    }
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      await rm(options.state, { force: true });
      throw new UserError(
        `the broker was not ready after ${options.timeoutMs / 1000} s; end of ${options.log}:\n${await logTail(options.log)}`,
      );
    }
    await sleep(100);
  }
  child.removeAllListeners();
  child.unref();
  print(summary(broker, { readyMs: Date.now() - started }));
}

async function stop(options) {
  const running = await runningBroker(options);
  if (!running) {
    await rm(options.state, { force: true });
    return print({ running: false, stopped: false });
  }
  const began = Date.now();
  const signal = options.force ? 'SIGKILL' : 'SIGTERM';
  process.kill(running.pid, signal);
  while (await isOurs(running.pid, options.dir)) {
    if (Date.now() - began > options.timeoutMs) {
      throw new UserError(
        `process ${running.pid} is still running ${options.timeoutMs / 1000} s after ${signal}: try "stop --force"`,
      );
    }
    await sleep(100);
  }
  await rm(options.state, { force: true });
  print({ running: false, stopped: true, stopMs: Date.now() - began });
}

async function status(options) {
  const running = await runningBroker(options);
  if (!running) {
    print({ running: false });
    process.exitCode = 3;
    return;
  }
  const ready = await isReady({ ...options, ...running });
  print(summary(running, { ready, rssMb: await residentMb(running.pid) }));
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.command === 'help') return void process.stdout.write(`${USAGE}\n`);
  const command = { start, stop, status }[options.command];
  if (!command || options.extraArgs.length > 0) throw new UserError(USAGE, 2);
  await command(options);
}

main().catch((error) => {
  note(error instanceof UserError ? error.message : error.stack);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
});
