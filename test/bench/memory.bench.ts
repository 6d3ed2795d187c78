import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Person } from '../interop/support/person.js';
import { processes, ROOT, type Process } from '../interop/support/tools.js';
import { withBenchDatabase } from './support/postgres.js';

// Resident memory of the built service: idle, and after each 10,000 of 100,000 signed webhooks. Linux only (/proc).
const BATCHES = 10;
const REQUESTS = 10_000;
const CONCURRENCY = 32;
const PORT = 4_790;
const GOAL_IDLE_MB = 250;

const url = `http://127.0.0.1:${PORT}`;

await withBenchDatabase(async (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-memory-'));
  const service = processes.startNode(join(ROOT, 'dist', 'apps', 'service', 'main.js'), {
    cwd: ROOT,
    logFile: join(folder, 'service.log'),
    env: {
      DATABASE_URL: test.url,
      DATA_DIR: folder,
      PORT: String(PORT),
      PUBLIC_URL: url,
      LOG_LEVEL: 'warn',
    },
  });
  try {
    await ready();
    await sleep(5_000);
    print(`idle: ${residentMb(service)} MB (goal: at most ${GOAL_IDLE_MB})`);
    await load(service);
  } finally {
    await processes.stopChild(service);
    rmSync(folder, { recursive: true });
  }
});

async function load(service: Process): Promise<void> {
  const tara = new Person(url, 'tara@acme');
  const { createSource } = await tara.ask<{
    createSource: { secret: string; source: { webhookUrl: string } };
  }>(
    'mutation { createSource(input: { kind: MLFLOW, name: "bench" }) { secret source { webhookUrl } } }',
  );
  const client = fork(fileURLToPath(new URL('support/http-load.mjs', import.meta.url)));
  const told = async (message: object): Promise<unknown> => {
    const answer = once(client, 'message');
    client.send(message);
    return (await answer)[0];
  };
  await told({ prepare: { secret: createSource.secret, runs: BATCHES, requests: REQUESTS } });
  const path = new URL(createSource.source.webhookUrl).pathname;
  for (let batch = 1; batch <= BATCHES; batch += 1) {
    const begin = performance.now();
    const { done } = (await told({ run: { port: PORT, path, concurrency: CONCURRENCY } })) as {
      done: { answered: number; wrong: number };
    };
    const perSecond = Math.round(done.answered / ((performance.now() - begin) / 1000));
    print(
      `${batch * REQUESTS} webhooks: ${residentMb(service)} MB, ${perSecond}/s, ${done.wrong} not acknowledged`,
    );
  }
  client.disconnect();
}

async function ready(): Promise<void> {
  while (
    !(await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ))
  )
    await sleep(100);
}

function residentMb({ child }: Process): number {
  const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
