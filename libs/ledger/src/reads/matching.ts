import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import type { Contents } from '../sealing/contents.js';
import { Conditions, filterConditions, isGiven } from './conditions.js';
import type { EntryFilter, EntryRecord } from './entry-record.js';
import { selectEntries } from './entry-rows.js';
import { matchesText, searchWords } from './text-match.js';

/** Which part of a list is asked for; the ends are excluded. */
export interface Window {
  readonly after: bigint | null;
  readonly before: bigint | null;
  readonly backward: boolean;
  readonly limit: number;
}

/** Entries that a search for words looks at before it gives up. Each has to be opened: what is sealed has no index. */
const SEARCHED_MAX = 200_000;
const CHUNK_MAX = 2_000;

/** The first entries of a window that meet a filter, in the window's order. Throws UNAVAILABLE for too long a search. */
export async function selectMatching(
  tx: SqlTx,
  contents: Contents,
  filter: EntryFilter,
  window: Window,
  evidence: boolean,
): Promise<EntryRecord[]> {
  const words = isGiven(filter.text) ? searchWords(filter.text) : [];
  if (words.length === 0) {
    return selectWindow(tx, contents, filter, window, evidence);
  }
  const found: EntryRecord[] = [];
  let { after, before, limit } = window;
  for (let searched = 0; searched < SEARCHED_MAX;) {
    const part = { after, before, limit, backward: window.backward };
    const rows = await selectWindow(tx, contents, filter, part, false);
    found.push(...rows.filter((row) => matchesText(row, words)));
    const last = rows.at(-1);
    if (found.length >= window.limit || rows.length < limit || last === undefined) {
      return withEvidence(tx, contents, found.slice(0, window.limit), window.backward, evidence);
    }
    if (window.backward) before = last.sequence;
    else after = last.sequence;
    searched += rows.length;
    limit = Math.min(limit * 2, CHUNK_MAX);
  }
  throw new AppError('UNAVAILABLE', {
    publicMessage: 'The search took too long and was stopped.',
    hint: 'Narrow it: a filter on type, subject, time or sequence.',
  });
}

async function selectWindow(
  tx: SqlTx,
  contents: Contents,
  filter: EntryFilter,
  { after, backward, before, limit }: Window,
  evidence: boolean,
): Promise<EntryRecord[]> {
  const conditions = new Conditions(2);
  filterConditions(filter, conditions);
  if (after !== null) conditions.add('e.seq > ?::bigint', after);
  if (before !== null) conditions.add('e.seq < ?::bigint', before);
  const count = conditions.parameter(limit);
  const rest = `${conditions.sql} ORDER BY e.seq ${backward ? 'DESC' : 'ASC'} LIMIT ${count}::int`;
  return selectEntries(tx, contents, rest, conditions.values, evidence);
}

/** Evidence is read for what was found only. */
async function withEvidence(
  tx: SqlTx,
  contents: Contents,
  found: readonly EntryRecord[],
  backward: boolean,
  evidence: boolean,
): Promise<EntryRecord[]> {
  if (!evidence || found.length === 0) return [...found];
  const rest = `AND e.seq = ANY ($2::bigint[]) ORDER BY e.seq ${backward ? 'DESC' : 'ASC'}`;
  return selectEntries(tx, contents, rest, [found.map((entry) => entry.sequence)], true);
}
