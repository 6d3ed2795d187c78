import { once } from 'node:events';
import { isMainThread, parentPort, type Worker } from 'node:worker_threads';
import { AppError } from '@countersign/kernel';
import type { RangeResult, RangeRunner, RangeTask } from './range-task.js';

interface Answer {
  readonly id: number;
  readonly result?: RangeResult;
  readonly error?: { readonly message: string; readonly code: string; readonly hint: string };
}

interface Asked {
  readonly resolve: (result: RangeResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Does ranges in other threads, one at a time in each, every thread with connections of its own. */
export class ThreadRanges implements RangeRunner {
  readonly #threads: Thread[];

  /** `start`: starts a thread whose program calls `serveRanges`. */
  constructor(start: () => Worker, count: number) {
    this.#threads = Array.from({ length: count }, () => new Thread(start()));
  }

  get concurrency(): number {
    return this.#threads.length;
  }

  async run(task: RangeTask): Promise<RangeResult> {
    const [idlest] = [...this.#threads].sort((a, b) => a.waiting - b.waiting);
    if (idlest === undefined) {
      throw new AppError('INTERNAL', { publicMessage: 'A pool without threads.' });
    }
    return idlest.run(task);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

class Thread {
  readonly #asked = new Map<number, Asked>();
  #next = 0;
  #ended: Error | null = null;

  constructor(private readonly worker: Worker) {
    worker.on('message', (answer: Answer) => {
      this.#answered(answer);
    });
    worker.on('error', (error) => {
      this.#end(error);
    });
    worker.on('exit', () => {
      this.#end(new Error('The thread ended.'));
    });
  }

  get waiting(): number {
    return this.#asked.size;
  }

  run(task: RangeTask): Promise<RangeResult> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.worker.postMessage({ id, task });
    });
  }

  async close(): Promise<void> {
    if (this.#ended !== null) return;
    const ended = once(this.worker, 'exit');
    this.worker.postMessage('close');
    await ended;
  }

  #answered({ error, id, result }: Answer): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (result !== undefined) asked?.resolve(result);
    else asked?.reject(failure(error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#asked.values()) reject(this.#ended);
    this.#asked.clear();
  }
}

function failure(error: Answer['error']): AppError {
  const { code = 'INTERNAL', hint = '', message = 'A thread failed.' } = error ?? {};
  return new AppError(code, { publicMessage: message, ...(hint === '' ? {} : { hint }) });
}

/** In a thread: answers the tasks of the `ThreadRanges` that started it, until that closes it. */
export async function serveRanges(runner: RangeRunner): Promise<void> {
  const port = parentPort;
  if (isMainThread || port === null) {
    throw new AppError('INTERNAL', { publicMessage: 'Not a thread of ThreadRanges.' });
  }
  const closed = new Promise<void>((resolve) => {
    port.on('message', (message: 'close' | { id: number; task: RangeTask }) => {
      if (message === 'close') {
        resolve();
        return;
      }
      const { id, task } = message;
      runner.run(task).then(
        (result) => {
          port.postMessage({ id, result } satisfies Answer);
        },
        (error: unknown) => {
          port.postMessage({ id, error: told(error) } satisfies Answer);
        },
      );
    });
  });
  await closed;
  await runner.close();
  port.close();
}

function told(error: unknown): NonNullable<Answer['error']> {
  const { code, hint, message, publicMessage } = error as {
    code?: string;
    hint?: string;
    message?: string;
    publicMessage?: string;
  };
  return { code: code ?? 'INTERNAL', hint: hint ?? '', message: publicMessage ?? message ?? '' };
}
