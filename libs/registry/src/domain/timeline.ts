import {
  compareStatements,
  sameHeld,
  type Held,
  type Placer,
  type Range,
  type Statement,
} from './statement.js';
import type { Basis } from '@countersign/events';

/** A stretch of a slot's time with one content. Neighbours touch: `to` of one is `from` of the next. */
export interface Span extends Held {
  /** The statement that began the stretch, in the slot's order. */
  readonly openedSequence: bigint;
  /** The best evidence of the beginning: the opener, or an event that later gave an observation its instant. */
  readonly entrySequence: bigint;
  readonly from: Range;
  readonly to: Range | null;
  /** False: only observed, so an event of the same may still give it its instant. */
  readonly dated: boolean;
  readonly basis: Basis;
  readonly actor: Placer;
}

/**
 * What a slot held when, from everything said about it. The rules:
 *
 * - Statements are folded in the order of the source's own time, not of arrival; so a late event takes its
 *   place in the past and never hides a newer state.
 * - A statement that says what already holds changes nothing.
 * - An event that falls into the stretch in which an observed change must have happened gives it its instant.
 * - A change cannot be later than the one that follows it: ranges are cut accordingly.
 */
export function foldTimeline(statements: readonly Statement[]): Span[] {
  const spans: Span[] = [];
  for (const statement of [...statements].sort(compareStatements)) extend(spans, statement);
  return spans;
}

/** Puts one statement at the end of a timeline. `spans` is the caller's own array. */
export function extend(spans: Span[], statement: Statement): void {
  const last = spans.at(-1);
  if (last === undefined) {
    spans.push(spanOf(statement, statement.range));
  } else if (!sameHeld(last, statement)) {
    spans.push(spanOf(statement, boundaryAfter(last, statement)));
    join(spans, spans.length - 1);
  } else if (givesInstant(last, statement)) {
    spans[spans.length - 1] = {
      ...last,
      from: statement.range,
      dated: true,
      entrySequence: statement.sequence,
      basis: statement.basis,
      actor: statement.actor,
    };
    if (!sameRange(last.from, statement.range)) join(spans, spans.length - 1);
  }
}

/** Puts the last span back to what its opening statement alone says. `spans` is the caller's own array. */
export function reopen(spans: Span[], opener: Statement): void {
  spans.pop();
  const previous = spans.at(-1);
  const from = previous === undefined ? opener.range : boundaryAfter(previous, opener);
  spans.push(spanOf(opener, from));
  join(spans, spans.length - 1);
}

function spanOf(statement: Statement, from: Range): Span {
  const { present, value, versionId, sequence, basis, actor } = statement;
  return {
    present,
    value,
    versionId,
    openedSequence: sequence,
    entrySequence: sequence,
    from,
    to: null,
    dated: !statement.observed,
    // What was read says that it is so, not how it came about.
    basis: statement.observed ? 'inferred' : basis,
    actor: statement.observed ? { id: 'unknown', kind: 'unknown', basis: 'inferred' } : actor,
  };
}

function givesInstant(span: Span, statement: Statement): boolean {
  return !span.dated && !statement.observed && statement.range.latest <= span.from.latest;
}

/** An event keeps its instant; what was only observed cannot have begun before what held until then. */
function boundaryAfter(last: Span, statement: Statement): Range {
  return statement.observed ? atOrAfter(statement.range, last.from.earliest) : statement.range;
}

/**
 * Makes spans[index - 1] end where spans[index] begins, and cuts earlier boundaries that would lie after it.
 * Looks no further back than the first boundary that stays: what lies behind it need not be there.
 */
export function join(spans: Span[], index: number): void {
  let boundary = spans[index]?.from;
  for (let i = index - 1; i >= 0 && boundary !== undefined; i -= 1) {
    const span = spans[i];
    if (span === undefined) return;
    const from = atOrBefore(span.from, boundary.latest);
    if (span.to === null || from !== span.from || !sameRange(span.to, boundary)) {
      spans[i] = { ...span, from, to: boundary };
    }
    if (from === span.from) return;
    boundary = from;
  }
}

function atOrAfter(range: Range, earliest: number): Range {
  if (range.earliest >= earliest) return range;
  return { earliest, latest: Math.max(range.latest, earliest) };
}

function atOrBefore(range: Range, latest: number): Range {
  if (range.latest <= latest) return range;
  return { earliest: Math.min(range.earliest, latest), latest };
}

export function sameRange(a: Range, b: Range): boolean {
  return a.earliest === b.earliest && a.latest === b.latest;
}
