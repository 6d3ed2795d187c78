import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Reads until `done` holds. Errors of `read` count as "not yet": servers are killed in these tests. Throws what it
 * waited for, what it saw last and the last error. The limit only bounds a hang, nothing is judged by it.
 */
export async function until<Value>(
  what: string,
  read: () => Promise<Value> | Value,
  done: (value: Value) => boolean,
  options: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<Value> {
  const deadline = Date.now() + (options.timeoutMs ?? 60_000);
  let last: string;
  for (;;) {
    try {
      const value = await read();
      if (done(value)) return value;
      last = JSON.stringify(value, (_key, part: unknown) =>
        typeof part === 'bigint' ? String(part) : part,
      );
    } catch (error) {
      last = String(error);
    }
    if (Date.now() > deadline)
      throw new Error(`waited in vain for ${what}; last: ${last.slice(0, 2000)}`);
    await sleep(options.everyMs ?? 100);
  }
}
