import { join } from 'node:path';
import { z } from 'zod';
import { runWell } from './run.js';
import { ROOT } from './tools.js';

const kafkaSchema = z.object({ bootstrap: z.string(), pid: z.number() });
const mlflowSchema = z.object({ url: z.string(), python: z.string() });
const goSchema = z.object({ binary: z.string() });

/** Set by tools/interop.mjs, which starts the servers; undefined: that rig cannot run here. */
function rig<Shape>(name: 'KAFKA' | 'MLFLOW' | 'GO', schema: z.ZodType<Shape>): Shape | undefined {
  const text = process.env[`INTEROP_${name}`];
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

export const mlflow = rig('MLFLOW', mlflowSchema);
export const kafka = rig('KAFKA', kafkaSchema);
/** The verifier in Go, built. */
export const go = rig('GO', goSchema);

/** Where specs keep what they make. */
export function interopDir(): string {
  const folder = process.env['INTEROP_DIR'];
  if (folder === undefined) throw new Error('Run the interop suite with npm run test:interop.');
  return folder;
}

/** Stops the broker (`kill`: at once) or starts it again on its data. Resolves when that is done. */
export async function broker(command: 'start' | 'stop' | 'kill'): Promise<void> {
  const { bootstrap } = required(kafka);
  await runWell(process.execPath, [
    join(ROOT, 'tools', 'rigs', 'kafka-broker.mjs'),
    command === 'start' ? 'start' : 'stop',
    ...(command === 'kill' ? ['--force'] : []),
    ...['--dir', join(interopDir(), 'kafka'), '--cache', join(ROOT, '.cache', 'kafka-jars')],
    ...['--port', bootstrap.split(':').at(-1) ?? ''],
  ]);
}

export function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('this rig is not running');
  return value;
}
