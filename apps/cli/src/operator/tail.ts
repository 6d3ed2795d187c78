import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Output } from '../output.js';
import { ApiClient } from './api-client.js';
import { installation } from './runtime.js';
import { tokenFor, type SignIn } from './token.js';

export interface TailOptions extends SignIn {
  readonly type?: string[];
  readonly subject?: string;
  /** Show entries after this sequence first. */
  readonly after?: string;
  readonly follow: boolean;
  readonly json?: true;
}

const PAGE = 100;
const POLL_MS = 500;
const QUERY = `query ($filter: EntryFilter, $first: Int, $last: Int) {
  entries(filter: $filter, first: $first, last: $last) {
    nodes { sequence type source subject actor { id displayName } recordedAt }
  }
}`;
const entrySchema = z.object({
  sequence: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string(),
  actor: z.object({ id: z.string(), displayName: z.string().nullable() }),
  recordedAt: z.string(),
});
const answerSchema = z.object({ entries: z.object({ nodes: z.array(entrySchema) }) });
type Entry = z.infer<typeof entrySchema>;

/** Prints entries as they come, in order; without --after the last ten and then the new ones. Until stopped. */
export async function tail(options: TailOptions, output: Output): Promise<void> {
  const where = await installation();
  const client = new ApiClient(where.url, await tokenFor(where, options));
  const filter = {
    ...(options.type === undefined ? {} : { types: options.type }),
    ...(options.subject === undefined ? {} : { subject: options.subject }),
  };
  let next: bigint | null = options.after === undefined ? null : BigInt(options.after) + 1n;
  let shown = 0;
  for (;;) {
    const page: { first: number } | { last: number } =
      next === null ? { last: 10 } : { first: PAGE };
    const from = next === null ? {} : { fromSequence: next.toString() };
    const { entries } = await client.ask(answerSchema, QUERY, {
      filter: { ...filter, ...from },
      ...page,
    });
    for (const entry of entries.nodes) {
      output.out(options.json === true ? JSON.stringify(entry) : line(entry));
      shown += 1;
    }
    const last = entries.nodes.at(-1);
    if (last !== undefined) next = BigInt(last.sequence) + 1n;
    else next ??= 0n;
    if (entries.nodes.length === PAGE) continue;
    if (!options.follow) break;
    await sleep(POLL_MS);
  }
  if (shown === 0) output.err('No entries match yet.');
}

function line(entry: Entry): string {
  const who = entry.actor.displayName ?? entry.actor.id;
  return `${entry.sequence.padStart(6)}  ${entry.recordedAt}  ${entry.type.padEnd(34)} ${entry.subject}  ${who}`;
}
