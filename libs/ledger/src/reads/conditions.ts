import type { EntryFilter } from './entry-record.js';

/** SQL conditions over the alias e (entry), with the parameters they name. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly #values: unknown[] = [];

  /** `firstParameter` is the number of the next free parameter. */
  constructor(private readonly firstParameter: number) {}

  get values(): readonly unknown[] {
    return this.#values;
  }

  /** `AND …` for each condition, in order of their making. */
  get sql(): string {
    return this.#parts.map((part) => `AND ${part}`).join(' ');
  }

  /** `?` in the text stands for the value. */
  add(text: string, value: unknown): void {
    this.#parts.push(text.replaceAll('?', this.parameter(value)));
  }

  addAnyOf(alternatives: readonly string[]): void {
    this.#parts.push(alternatives.length === 0 ? 'false' : `(${alternatives.join(' OR ')})`);
  }

  parameter(value: unknown): string {
    return `$${this.firstParameter + this.#values.push(value) - 1}`;
  }
}

/** All of a filter that SQL can decide, but for the times of recording, which become sequences first. */
export function filterConditions(filter: EntryFilter, conditions: Conditions): void {
  const { actor, fromSequence, occurredFrom, occurredTo, sources, subject, subjects, toSequence } =
    filter;
  if (isGiven(filter.types)) typeConditions(filter.types, conditions);
  if (isGiven(actor)) conditions.add('e.actor = ?::text', actor);
  if (isGiven(subject)) {
    if (subject.endsWith('/*')) conditions.add('e.subject LIKE ?::text', prefixPattern(subject));
    else conditions.add('e.subject = ?::text', subject);
  }
  if (isGiven(subjects)) conditions.add('e.subject = ANY (?::text[])', subjects);
  if (isGiven(sources)) conditions.add('e.source = ANY (?::text[])', sources);
  if (isGiven(occurredFrom)) conditions.add('e.occurred_at >= ?::timestamptz', occurredFrom);
  if (isGiven(occurredTo)) conditions.add('e.occurred_at <= ?::timestamptz', occurredTo);
  if (isGiven(fromSequence)) conditions.add('e.seq >= ?::bigint', fromSequence);
  if (isGiven(toSequence)) conditions.add('e.seq <= ?::bigint', toSequence);
}

/** Exact types, and prefixes ending in `.*`. */
export function typeConditions(types: readonly string[], conditions: Conditions): void {
  const exact = types.filter((type) => !type.endsWith('.*'));
  const prefixes = types.filter((type) => type.endsWith('.*'));
  conditions.addAnyOf([
    ...(exact.length > 0 ? [`e.type = ANY (${conditions.parameter(exact)}::text[])`] : []),
    ...prefixes.map((prefix) => `e.type LIKE ${conditions.parameter(prefixPattern(prefix))}::text`),
  ]);
}

/** `model.*` → `model.%`, with LIKE's own signs taken literally. */
function prefixPattern(prefix: string): string {
  return `${escapeLike(prefix.slice(0, -1))}%`;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

export function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}
