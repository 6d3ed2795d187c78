import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = process.cwd();
const SCRIPT = join(ROOT, 'tools', 'rigs', 'kafka-broker.mjs');
const PLACE = [
  ...['--dir', join(ROOT, '.data', 'bench-kafka')],
  // As the interop suite: fetched once.
  ...['--cache', join(ROOT, '.cache', 'kafka-jars')],
  ...['--port', '19592'],
];

/** Runs `work` against a real broker with an empty disk. Null when there is none to run: it needs Java 17 and Maven. */
export async function withKafkaBroker<Result>(
  work: (bootstrap: string) => Promise<Result>,
): Promise<Result | null> {
  const started = broker('start', '--clean', '--set', 'group.initial.rebalance.delay.ms=0');
  if (started === null) return null;
  try {
    return await work((JSON.parse(started) as { bootstrap: string }).bootstrap);
  } finally {
    broker('stop');
  }
}

function broker(command: string, ...more: string[]): string | null {
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, command, ...PLACE, ...more], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return status === 0 ? (stdout.trim().split('\n').at(-1) ?? '') : null;
}
