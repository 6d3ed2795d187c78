import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Answer } from './person.js';
import { interopDir, mlflow, required } from './rigs.js';
import { runWell } from './run.js';
import { ROOT } from './tools.js';

const rigs = join(ROOT, 'tools', 'rigs');

/** MLflow's own Python client, kept open: loading it takes seconds. */
export class PythonClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  private constructor() {
    const { python, url } = required(mlflow);
    this.#child = spawn(python, [join(rigs, 'mlflow_client.py')], {
      cwd: interopDir(),
      env: { ...process.env, MLFLOW_TRACKING_URI: url },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(): Promise<PythonClient> {
    const client = new PythonClient();
    await client.#next();
    return client;
  }

  /** Calls a method of MlflowClient; one call at a time. Throws MLflow's error code. */
  call(method: string, ...args: readonly unknown[]): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify({ call: method, args })}\n`);
    return this.#next();
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#answers.return?.();
  }

  async #next(): Promise<Answer> {
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error('the Python client ended');
    const answer = JSON.parse(value) as { result?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }
}

/** Plays the whole session of a team at the registry. Returns what was done, in order. */
export async function trainSession(
  ...options: string[]
): Promise<{ op: string; error?: string }[]> {
  const { python, url } = required(mlflow);
  const { stdout } = await runWell(python, [join(rigs, 'train_session.py'), ...options], {
    cwd: interopDir(),
    env: { MLFLOW_TRACKING_URI: url },
  });
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{"op"')) // MLflow prints links of its own
    .map((line) => JSON.parse(line) as { op: string; error?: string });
}
