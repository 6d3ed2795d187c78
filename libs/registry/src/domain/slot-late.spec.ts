import fc from 'fast-check';
import { eventStatement, noticedStatement, observedStatement, type Origin } from './place.js';
import { Slot, type KnownSpan, type SlotOwner } from './slot.js';
import { compareStatements, NOTHING, type Held, type Statement } from './statement.js';
import { extend, foldTimeline, reopen, sameRange, type Span } from './timeline.js';

const OWNER: SlotOwner = { kind: 'tag', key: 'reviewed', modelId: 'm', versionId: 'v' };

/** A delivery. A reading is placed by what was said before it; `noticed` has a range and nobody to name. */
interface Step {
  readonly is: 'event' | 'noticed' | 'reading';
  readonly value: string | null;
  readonly at: number;
  readonly behind: number;
  readonly basis: 'signed' | 'reported';
}

const step = (is: fc.Arbitrary<Step['is']>, values: readonly (string | null)[]) =>
  fc.record<Step>({
    is,
    value: fc.constantFrom(...values),
    at: fc.integer({ min: 0, max: 15 }),
    behind: fc.integer({ min: 0, max: 3 }),
    basis: fc.constantFrom('signed', 'reported'),
  });
/** Readings are made by a clock that does not run back while the ledger grows. */
const clocked = (all: readonly Step[], pace: number): Step[] =>
  all.map((one, index) =>
    one.is === 'reading' ? { ...one, at: pace * Math.max(0, index - one.behind) } : one,
  );
/** An end that was only noticed is of a model that is gone: nothing of it is read after that. */
const mortal = (all: readonly Step[]): Step[] => {
  const end = all.findIndex((one) => one.is === 'noticed');
  return all.filter((one, index) => end < 0 || index <= end || one.is !== 'reading');
};
const anySteps = fc.array(
  step(fc.constantFrom('event', 'event', 'event', 'noticed', 'reading', 'reading'), [
    'a',
    'b',
    null,
  ]),
  { maxLength: 24 },
);
const possible = fc
  .tuple(anySteps, fc.constantFrom(0, 1, 3, 1_000))
  .map(([all, pace]) => clocked(mortal(all), pace));
/** A few readings first, then events alone, as a flood has them: in any order, of few moments. */
const flood = fc
  .tuple(
    fc.array(step(fc.constantFrom('event', 'reading'), ['a', 'b']), { maxLength: 8 }),
    fc.array(step(fc.constant('event'), ['a', 'b', 'c', null]), { minLength: 4, maxLength: 40 }),
  )
  .map(([first, then]) => clocked([...first, ...then], 3));

function statementOf(slot: Slot, step: Step, sequence: bigint): Statement {
  const origin: Origin = {
    sequence,
    at: step.at,
    basis: step.basis,
    actor: { id: 'unknown', kind: 'unknown', basis: 'reported' },
  };
  const held: Held =
    step.value === null ? NOTHING : { present: true, value: step.value, versionId: null };
  if (step.is === 'event') return eventStatement(origin, held);
  if (step.is === 'noticed') return noticedStatement(origin, step.at - 2, held);
  const size = sequence - BigInt(step.behind);
  return observedStatement(slot, origin, size < 0n ? 0n : size, 0, held);
}

/** The rule without any shortcut: all that stands behind a statement is folded again, each time. */
class Refolded {
  known: KnownSpan[] = [];
  readonly corrected: KnownSpan[] = [];
  readonly said: Statement[] = [];

  say(statement: Statement): void {
    const of = (sequence: bigint) => this.said.find((one) => one.sequence === sequence);
    const isBefore = (one: Statement | undefined) =>
      one !== undefined && compareStatements(one, statement) < 0;
    const before = this.known.map(({ span }) => span);
    const spans = before.slice(0, before.findLastIndex((s) => isBefore(of(s.openedSequence))) + 1);
    const last = spans.at(-1);
    const opener = last && of(last.openedSequence);
    if (last !== undefined && opener !== undefined) {
      const dating = of(last.entrySequence);
      if (!isBefore(dating)) reopen(spans, opener);
      else spans[spans.length - 1] = { ...last, to: null, dated: dating?.observed === false };
    }
    extend(spans, statement);
    for (const later of this.said) if (!isBefore(later)) extend(spans, later);
    this.said.push(statement);
    this.said.sort(compareStatements);
    const kept = spans.map((span) => this.known.find((known) => same(known.span, span)));
    for (const known of this.known) {
      if (!kept.includes(known)) this.corrected.push({ ...known, knownTo: statement.sequence });
    }
    this.known = spans.map(
      (span, index) => kept[index] ?? { span, knownFrom: statement.sequence, knownTo: null },
    );
  }
}

function same(a: Span, b: Span): boolean {
  if (a.openedSequence !== b.openedSequence || a.entrySequence !== b.entrySequence) return false;
  if (!sameRange(a.from, b.from)) return false;
  return a.to === null || b.to === null ? a.to === b.to : sameRange(a.to, b.to);
}

const contentOf = (span: Span) => ({ ...span, dated: null });
const content = ({ span }: KnownSpan) => contentOf(span);

/** Everything of a span but `dated`, which is not stored. */
const row = ({ span, knownFrom, knownTo }: KnownSpan) => ({
  ...contentOf(span),
  knownFrom,
  knownTo,
});
const rows = (all: readonly KnownSpan[]) =>
  all
    .map(row)
    .sort((a, b) => Number(a.openedSequence - b.openedSequence || a.knownFrom - b.knownFrom));

/** Spans that events opened and that must be there behind a moment, as windowsOf() in mirror/ asks for them. */
const AHEAD = 2;

/**
 * What loadSlots() would give for a batch, over arrays: for events what surrounds their moments, else everything.
 * `known` has to be in the slot's order.
 */
function load(
  known: readonly KnownSpan[],
  said: readonly Statement[],
  batch: readonly Step[],
  ahead: number,
): { slot: Slot; loaded: readonly KnownSpan[] } {
  if (batch.some((one) => one.is !== 'event'))
    return { slot: new Slot(OWNER, said, known), loaded: known };
  const of = new Map(said.map((one) => [one.sequence, one]));
  const windows = batch.map(({ at }) => {
    const opened = known.filter(({ span }) => {
      const opener = of.get(span.openedSequence);
      return opener?.observed === false && opener.orderTime > at && span.to !== null;
    });
    return { at, until: opened[ahead - 1]?.span.to?.latest ?? Infinity };
  });
  const loaded = known.filter(
    ({ span: { to } }) =>
      to === null ||
      windows.some(
        ({ at, until }) =>
          to.latest >= at && to.latest <= until && (to.latest > at || to.earliest < to.latest),
      ),
  );
  const behind = new Set(loaded.flatMap(({ span }) => [span.openedSequence, span.entrySequence]));
  const statements = said.filter(
    ({ sequence, orderTime }) =>
      behind.has(sequence) || windows.some(({ at, until }) => orderTime > at && orderTime <= until),
  );
  return { slot: new Slot(OWNER, statements, loaded), loaded };
}

type Rule = Pick<Slot, 'say' | 'known' | 'corrected'>;

/** Plays steps as the projector does, batch by batch from what is stored, beside a rule that never forgets. */
function compare(all: readonly Step[], batch: number, rule: Rule, ahead = AHEAD): Statement[] {
  const said: Statement[] = [];
  let stored: KnownSpan[] = [];
  const corrected: KnownSpan[] = [];
  for (let start = 0; start < all.length; start += batch) {
    const steps = all.slice(start, start + batch);
    const { slot, loaded } = load(stored, said, steps, ahead);
    steps.forEach((one, index) => {
      const statement = statementOf(slot, one, BigInt(start + index));
      rule.say(statement);
      slot.say(statement);
      said.push(statement);
    });
    corrected.push(...slot.corrected);
    const ordered = [...said].sort(compareStatements);
    const place = new Map(ordered.map(({ sequence }, index) => [sequence, index]));
    const at = ({ span }: KnownSpan) => place.get(span.openedSequence) ?? -1;
    stored = [...stored.filter((one) => !loaded.includes(one)), ...slot.known].sort(
      (a, b) => at(a) - at(b),
    );
    expect(stored.map(row)).toEqual(rule.known.map(row));
  }
  expect(rows(corrected)).toEqual(rows(rule.corrected));
  return said;
}

const batches = fc.integer({ min: 1, max: 7 });

describe('Slot, late statements', () => {
  it('gives what folding everything behind them again gives, in both clocks', () => {
    fc.assert(
      fc.property(possible, batches, (all, batch) => {
        const rule = new Refolded();
        const said = compare(all, batch, rule);
        expect(rule.known.map(content)).toEqual(foldTimeline(said).map(contentOf));
      }),
      { numRuns: 500 },
    );
  });

  it('needs no more of the history than what surrounds the moments of a batch', () => {
    fc.assert(
      fc.property(flood, batches, (all, batch) => {
        compare(all, batch, new Refolded());
      }),
      { numRuns: 250 },
    );
  });

  it('does not depend on batches, even where clocks run back', () => {
    fc.assert(
      fc.property(anySteps, batches, (all, batch) => {
        compare(all, batch, new Slot(OWNER));
      }),
      { numRuns: 300 },
    );
  });

  it('would notice a window that ends one span too early', () => {
    expect(() => {
      fc.assert(
        fc.property(flood, batches, (all, batch) => {
          compare(all, batch, new Refolded(), AHEAD - 1);
        }),
        { numRuns: 3_000, seed: 7, endOnFailure: true },
      );
    }).toThrow('Property failed');
  });
});

describe('the work of late statements', () => {
  const COUNT = 2_000;
  const shapes: readonly [string, (index: number) => number][] = [
    ['in order', (index) => index],
    ['in reverse', (index) => COUNT - index],
    ['in random order', (index) => (index * 7_919) % COUNT],
    ['from two ends', (index) => (index % 2 === 0 ? index : 2 * COUNT - index)],
    ['at one moment', () => 5],
  ];
  const folded = (moment: (index: number) => number, value: (index: number) => string): number => {
    const slot = new Slot(OWNER);
    for (let index = 0; index < COUNT; index += 1) {
      const one: Step = {
        is: 'event',
        value: value(index),
        at: moment(index),
        behind: 0,
        basis: 'signed',
      };
      slot.say(statementOf(slot, one, BigInt(index)));
    }
    // A belief per statement that opened a span, and at most two corrected by each.
    expect(slot.known.length + slot.corrected.length).toBeLessThanOrEqual(3 * COUNT);
    return slot.folded;
  };

  it.each(shapes)('is at most three folds each, %s', (_, moment) => {
    expect(folded(moment, String)).toBeLessThanOrEqual(3 * COUNT);
    expect(folded(moment, () => 'same')).toBeLessThanOrEqual(3 * COUNT);
    expect(folded(moment, (index) => String(index % 3))).toBeLessThanOrEqual(4 * COUNT);
  });
});
