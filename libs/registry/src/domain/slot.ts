import { slotId, type SlotKind } from './ids.js';
import { compareStatements, NOTHING, type Held, type Statement } from './statement.js';
import { extend, reopen, sameRange, type Span } from './timeline.js';

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
 * One slot of the mirror with as much of its history as the new statements can touch: the believed spans
 * that reach past the first of them, the statements from there on, and those that opened or dated these spans.
 */
export class Slot {
  readonly id: string;
  readonly changes: Change[] = [];
  /** Corrected beliefs, to be closed or, when they were new, written with both ends. */
  readonly corrected: KnownSpan[] = [];
  #statements: Statement[];
  #known: KnownSpan[];

  constructor(
    readonly owner: SlotOwner,
    statements: readonly Statement[] = [],
    known: readonly KnownSpan[] = [],
  ) {
    this.id = slotId(owner.versionId ?? owner.modelId, owner.kind, owner.key);
    this.#statements = [...statements].sort(compareStatements);
    this.#known = [...known];
  }

  get known(): readonly KnownSpan[] {
    return this.#known;
  }

  /** What it holds after everything said so far. */
  get current(): Held {
    return this.#known.at(-1)?.span ?? NOTHING;
  }

  /** The last moment that entries below `size` speak of: where an observation begun at `size` belongs. */
  lastBefore(size: bigint): { orderTime: number; latest: number } | null {
    const earlier = this.#statements.filter((statement) => statement.sequence < size);
    if (earlier.length === 0) return null;
    return {
      orderTime: Math.max(...earlier.map((statement) => statement.orderTime)),
      latest: Math.max(...earlier.map((statement) => statement.range.latest)),
    };
  }

  /** Takes one statement in; at most one per slot and entry. Gives what fold(all statements) would give. */
  say(statement: Statement): void {
    const known = this.#known;
    const spans = known.map(({ span }) => span);
    const base = this.#spanAt(spans, statement);
    const kept = base < 0 ? [] : spans.slice(0, base + 1);
    if (base >= 0) this.#restart(kept, statement);
    const before = kept.at(-1) ?? NOTHING;
    this.changes.push({ statement, before: heldOf(before) });
    extend(kept, statement);
    for (const later of this.#statements) {
      if (compareStatements(later, statement) > 0) extend(kept, later);
    }
    this.#insert(statement);
    this.#believe(kept, statement.sequence);
  }

  /** Index of the last span that was opened before the statement's place; -1 when none was. */
  #spanAt(spans: readonly Span[], statement: Statement): number {
    for (let i = spans.length - 1; i >= 0; i -= 1) {
      const opener = this.#find(spans[i]?.openedSequence);
      if (opener !== undefined && compareStatements(opener, statement) < 0) return i;
    }
    return -1;
  }

  /** Puts the last of `spans` back to what was known of it before the statement's place. */
  #restart(spans: Span[], statement: Statement): void {
    const span = spans.at(-1);
    const dating = this.#find(span?.entrySequence);
    const opener = this.#find(span?.openedSequence);
    if (span === undefined || dating === undefined || opener === undefined) return;
    if (compareStatements(dating, statement) >= 0) reopen(spans, opener);
    else spans[spans.length - 1] = { ...span, to: null, dated: !dating.observed };
  }

  #find(sequence: bigint | undefined): Statement | undefined {
    return this.#statements.findLast((statement) => statement.sequence === sequence);
  }

  #insert(statement: Statement): void {
    let at = this.#statements.length;
    for (; at > 0; at -= 1) {
      const earlier = this.#statements[at - 1];
      if (earlier === undefined || compareStatements(earlier, statement) <= 0) break;
    }
    this.#statements.splice(at, 0, statement);
  }

  /** Keeps the beliefs that did not change; closes and opens the others at this sequence. */
  #believe(spans: readonly Span[], sequence: bigint): void {
    const before = this.#known;
    const kept = new Set<KnownSpan>();
    let aligned = true;
    this.#known = spans.map((span, index) => {
      const there = before[index];
      aligned &&= there !== undefined && sameSpan(there.span, span);
      const same = aligned ? there : before.find((known) => sameSpan(known.span, span));
      if (same === undefined) return { span, knownFrom: sequence, knownTo: null };
      kept.add(same);
      return same;
    });
    for (const known of before) {
      if (!kept.has(known)) this.corrected.push({ ...known, knownTo: sequence });
    }
  }
}

function heldOf({ present, value, versionId }: Held): Held {
  return { present, value, versionId };
}

function sameSpan(a: Span, b: Span): boolean {
  if (a === b) return true;
  if (a.openedSequence !== b.openedSequence || a.entrySequence !== b.entrySequence) return false;
  if (!sameRange(a.from, b.from)) return false;
  if (a.to === null || b.to === null) return a.to === b.to;
  return sameRange(a.to, b.to);
}
