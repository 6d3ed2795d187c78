import type { Database } from '@countersign/database';
import type { Vault } from '@countersign/vault';
import { Contents } from '../sealing/contents.js';
import type { RangeResult, RangeRunner, RangeTask } from './range-task.js';
import { verifyRange } from './verify-range.js';

/** Does ranges in this thread, each at a snapshot of its own; needs one connection for each that is under way. */
export class LocalRanges implements RangeRunner {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    readonly concurrency = 1,
  ) {}

  async run(task: RangeTask): Promise<RangeResult> {
    // No key is needed, and may be there, where no content is read.
    const seal = task.level === 'payloads' ? await this.vault.find(task.tenantId) : null;
    return this.database.snapshot(task.tenantId, (tx) => verifyRange(tx, task, new Contents(seal)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Runs the tasks, several at once, and yields the results in the order of the tasks. */
export async function* inOrder(
  runner: RangeRunner,
  tasks: Iterable<RangeTask>,
): AsyncGenerator<RangeResult, void, undefined> {
  const waiting: Promise<RangeResult>[] = [];
  const source = tasks[Symbol.iterator]();
  const start = (): boolean => {
    const next = source.next();
    if (next.done === true) return false;
    const result = runner.run(next.value);
    result.catch(() => undefined); // told when its turn comes
    waiting.push(result);
    return true;
  };
  try {
    while (waiting.length < runner.concurrency && start());
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const result = await next;
      start();
      yield result;
    }
  } finally {
    // Whoever stops early must not close connections beneath what is under way.
    await Promise.allSettled(waiting);
  }
}
