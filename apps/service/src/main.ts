import 'reflect-metadata';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, type Config } from '@countersign/config';
import { AppError } from '@countersign/kernel';
import { StartFailure } from './composition/start-failure.js';
import { startService, type RunningService } from './service.js';

/** What other programs of this machine find the service by: tools/start and the command line. */
const FILE = 'service.json';
const STOP_MS_MAX = 20_000;

if (process.argv.includes('--print-schema')) {
  const { schemaText } = await import('./graphql/print-schema.js');
  process.stdout.write(await schemaText());
} else {
  await main();
}

async function main(): Promise<void> {
  // Background work can end for good while the rest is still starting.
  let service: RunningService | undefined;
  let stopping = false;
  try {
    const config = loadConfig();
    const stop = (exitCode: number, error?: unknown): void => {
      if (stopping) return;
      stopping = true;
      // What does not end by itself is ended: a stopping process must not look alive for ever.
      setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
      if (error !== undefined)
        say('Background work ended for good; the process has to be replaced.', error);
      void Promise.resolve(service?.stop())
        .then(() => rm(join(config.dataDir, FILE), { force: true }))
        .then(
          () => process.exit(exitCode),
          (failure: unknown) => {
            say('The service did not stop cleanly.', failure);
            process.exit(1);
          },
        );
    };
    service = await startService({
      config,
      onFatal: (error) => {
        stop(1, error);
      },
    });
    await announce(config, service.url);
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        stop(0);
      });
  } catch (error) {
    say('Countersign did not start.', error);
    process.exit(1);
  }
}

async function announce(config: Config, url: string): Promise<void> {
  const file = join(config.dataDir, FILE);
  await rm(file, { force: true });
  await writeFile(file, JSON.stringify({ url, publicUrl: config.publicUrl, pid: process.pid }), {
    mode: 0o600,
  });
}

/** On standard error, for whoever started the process. */
function say(sentence: string, error: unknown): void {
  process.stderr.write(`${sentence} ${explain(error)}\n`);
}

function explain(error: unknown): string {
  if (error instanceof StartFailure) return `${error.message} ${error.hint}`;
  if (error instanceof AppError) return `${error.publicMessage}\n${error.hint ?? ''}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
