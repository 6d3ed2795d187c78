import { slotId, type SlotKind } from './ids.js';
import { compareStatements, NOTHING, sameHeld, type Held, type Statement } from './statement.js';
import { extend, join, reopen, sameRange, type Span } from './timeline.js';

/** A span as it is believed since `knownFrom` (a sequence), and until `knownTo` once it was corrected. */
export interface KnownSpan {
  readonly span: Span;
  readonly knownFrom: bigint;
  readonly knownTo: bigint | null;
}

/** Whose slot it is. */
export interface SlotOwner {
  readonly kind: SlotKind;
  readonly key: string;
  readonly modelId: string;
  /** The version whose stage or tag it is; null for aliases and tags of a model. */
  readonly versionId: string | null;
}

/** What a slot held just before a statement took effect. */
export interface Change {
  readonly statement: Statement;
  readonly before: Held;
}

/**
 * One slot of the mirror with as much of its history as the new statements can touch. That may have gaps; around
 * each new statement there must be: the believed span it falls into, with those that it may cut; what was said
 * behind it until two more events have opened spans, or to the end; and the statements that opened or dated all
 * these spans. A reading (observedStatement) needs the whole history.
 */
export class Slot {
  readonly id: string;
  readonly changes: Change[] = [];
  /** Corrected beliefs, to be closed or, when they were new, written with both ends. */
  readonly corrected: KnownSpan[] = [];
  readonly #bySequence: Map<bigint, Statement>;
  readonly #statements: Statement[];
  #known: KnownSpan[];
  #folded = 0;

  constructor(
    readonly owner: SlotOwner,
    statements: readonly Statement[] = [],
    known: readonly KnownSpan[] = [],
  ) {
    this.id = slotId(owner.versionId ?? owner.modelId, owner.kind, owner.key);
    this.#statements = [...statements].sort(compareStatements);
    this.#bySequence = new Map(this.#statements.map((one) => [one.sequence, one]));
    this.#known = [...known];
  }

  get known(): readonly KnownSpan[] {
    return this.#known;
  }

  /** What it holds after everything said so far. */
  get current(): Held {
    return this.#known.at(-1)?.span ?? NOTHING;
  }

  /** Statements folded so far, again or for the first time: what say() has cost. */
  get folded(): number {
    return this.#folded;
  }

  /** The last moment that entries below `size` speak of: where an observation begun at `size` belongs. */
  lastBefore(size: bigint): { orderTime: number; latest: number } | null {
    let [orderTime, latest] = [-Infinity, -Infinity];
    for (const earlier of this.#statements) {
      if (earlier.sequence >= size) continue;
      orderTime = Math.max(orderTime, earlier.orderTime);
      latest = Math.max(latest, earlier.range.latest);
    }
    return orderTime === -Infinity ? null : { orderTime, latest };
  }

  /**
   * Takes one statement in; at most one per slot and entry. Gives what fold(all statements) would give, but folds
   * no further than to where the timeline is again the one that was believed.
   */
  say(statement: Statement): void {
    const base = countWhile(this.#known, ({ span }) => this.#isBefore(span, statement)) - 1;
    const spans = this.#known.slice(0, base + 1).map(({ span }) => span);
    if (base >= 0) this.#restart(spans, statement);
    this.changes.push({ statement, before: heldOf(spans.at(-1) ?? NOTHING) });
    const place = this.#placeBehind(statement);
    const met = this.#refold(spans, statement, place, base);
    this.#statements.splice(place, 0, statement);
    this.#bySequence.set(statement.sequence, statement);
    this.#believe(spans, base, met, statement.sequence);
  }

  #isBefore(span: Span, statement: Statement): boolean {
    const opener = this.#bySequence.get(span.openedSequence);
    return opener !== undefined && compareStatements(opener, statement) < 0;
  }

  /** Index of the first statement behind this one's place. */
  #placeBehind(statement: Statement): number {
    return countWhile(this.#statements, (other) => compareStatements(other, statement) <= 0);
  }

  /** Puts the last of `spans` back to what was known of it before the statement's place. */
  #restart(spans: Span[], statement: Statement): void {
    const span = spans.at(-1);
    if (span === undefined) return;
    const dating = this.#bySequence.get(span.entrySequence);
    const opener = this.#bySequence.get(span.openedSequence);
    if (dating === undefined || opener === undefined) return;
    if (compareStatements(dating, statement) >= 0) reopen(spans, opener);
    else spans[spans.length - 1] = { ...span, to: null, dated: !dating.observed };
  }

  /**
   * Puts the statement and those behind its place on `spans`, until the last span is the one that was believed at
   * that point: what follows cannot differ then. Gives the index of that believed span; behind the last when the
   * end was reached. `base` is the index of the believed span at the statement's place.
   */
  #refold(spans: Span[], statement: Statement, place: number, base: number): number {
    let believed = base;
    let next: Statement | undefined = statement;
    for (let behind = place; next !== undefined; behind += 1) {
      extend(spans, next);
      this.#folded += 1;
      const last = spans.at(-1);
      const there = this.#known[believed]?.span;
      if (last !== undefined && there !== undefined && last.dated) {
        if (sameEvidence(last, there)) return believed;
        // Up to the next believed span the same was said again and again, which changes no dated span.
        if (sameHeld(last, there)) behind = this.#opening(believed + 1);
      }
      next = this.#statements[behind];
      if (next?.sequence === this.#known[believed + 1]?.span.openedSequence) believed += 1;
    }
    return this.#known.length;
  }

  /** Index of the statement that opened a believed span; behind the last when there is no such span. */
  #opening(index: number): number {
    const opener = this.#bySequence.get(this.#known[index]?.span.openedSequence ?? -1n);
    return opener === undefined ? this.#statements.length : this.#placeBehind(opener) - 1;
  }

  /**
   * Keeps the beliefs that did not change; closes and opens the others at this sequence. From the believed span
   * `met` on none did: `spans` ends there, or says all when there is no such span.
   */
  #believe(spans: Span[], base: number, met: number, sequence: bigint): void {
    const before = this.#known;
    const there = before[met]?.span;
    const last = spans.length - 1;
    if (there !== undefined) {
      spans[last] = there;
      if (last > base || spans[base - 1] !== before[base - 1]?.span) join(spans, last);
    }
    let first = Math.min(base + 1, met);
    while (first > 0 && spans[first - 1] !== before[first - 1]?.span) first -= 1;

    const replaced = new Map(
      before.slice(first, met).map((known) => [known.span.openedSequence, known]),
    );
    const changed = spans.slice(first, there === undefined ? spans.length : last).map((span) => {
      const same = replaced.get(span.openedSequence);
      if (same === undefined || !sameSpan(same.span, span)) {
        return { span, knownFrom: sequence, knownTo: null };
      }
      replaced.delete(span.openedSequence);
      return same;
    });
    for (const known of replaced.values()) this.corrected.push({ ...known, knownTo: sequence });
    this.#known = [...before.slice(0, first), ...changed, ...before.slice(met)];
  }
}

/** How many items stand before the first that fails; the items that pass stand in front. */
function countWhile<Item>(items: readonly Item[], passes: (item: Item) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && passes(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Opened and dated by the same statements; a dated span is then the same as far as later statements go. */
function sameEvidence(a: Span, b: Span): boolean {
  return a.openedSequence === b.openedSequence && a.entrySequence === b.entrySequence;
}

function heldOf({ present, value, versionId }: Held): Held {
  return { present, value, versionId };
}

function sameSpan(a: Span, b: Span): boolean {
  if (a === b) return true;
  if (!sameEvidence(a, b) || !sameRange(a.from, b.from)) return false;
  if (a.to === null || b.to === null) return a.to === b.to;
  return sameRange(a.to, b.to);
}
