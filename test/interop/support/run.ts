import { spawn } from 'node:child_process';
import { ROOT } from './tools.js';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end without stopping this process meanwhile. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (status) => {
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8');
      resolve({ status, stdout: text(out), stderr: text(err) });
    });
  });
}

/** As `run`, and throws with what it printed when it ends with anything but 0. */
export async function runWell(...args: Parameters<typeof run>): Promise<Ran> {
  const ran = await run(...args);
  if (ran.status === 0) return ran;
  throw new Error(
    `${args[0]} ${args[1].join(' ')} ended with ${String(ran.status)}:\n${ran.stdout}${ran.stderr}`,
  );
}
