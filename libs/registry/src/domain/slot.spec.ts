import fc from 'fast-check';
import { eventStatement, observedStatement, type Origin } from './place.js';
import { Slot, type KnownSpan, type SlotOwner } from './slot.js';
import { compareStatements, NOTHING, type Held, type Statement } from './statement.js';
import { foldTimeline, type Span } from './timeline.js';

const OWNER: SlotOwner = { kind: 'alias', key: 'champion', modelId: 'm', versionId: null };
const CREATED_AT = 0;

const held = (version: string | null): Held =>
  version === null ? NOTHING : { present: true, value: version, versionId: `id-${version}` };
const origin = (sequence: bigint, at: number): Origin => ({
  sequence,
  at,
  basis: 'signed',
  actor: { id: 'unknown', kind: 'unknown', basis: 'reported' },
});

/** A delivery: what it says, when that was, and for a reading how many of the entries before it may be newer. */
interface Step {
  readonly version: string | null;
  readonly at: number;
  readonly observed: boolean;
  readonly behind: number;
}

const step = fc.record<Step>({
  version: fc.constantFrom('1', '2', '3', null),
  at: fc.integer({ min: 0, max: 12 }),
  observed: fc.boolean(),
  behind: fc.integer({ min: 0, max: 3 }),
});

/** Any steps at all. */
const anySteps = fc.array(step, { maxLength: 14 });

/** Steps whose readings are made by a clock that does not run back while the ledger grows. */
const steps = fc
  .tuple(anySteps, fc.constantFrom(0, 1, 3, 1_000))
  .map(([all, pace]) =>
    all.map((one, index) =>
      one.observed ? { ...one, at: pace * Math.max(0, index - one.behind) } : one,
    ),
  );

type Say = (slot: Slot, statement: Statement) => void;
const say: Say = (slot, statement) => {
  slot.say(statement);
};

/** Plays steps the way the projector does: each batch starts from what the database would give back. */
function play(
  all: readonly Step[],
  batch: number,
  take: Say = say,
): { slot: Slot; said: Statement[] } {
  const said: Statement[] = [];
  let slot = new Slot(OWNER);
  let held_: readonly KnownSpan[] = [];
  all.forEach((step, index) => {
    if (index % batch === 0) slot = reload(said, held_, all.slice(index, index + batch));
    const statement = statementOf(slot, step, BigInt(index));
    take(slot, statement);
    said.push(statement);
    held_ = slot.known;
  });
  return { slot: reload(said, held_, [{ version: null, at: 0, observed: true, behind: 0 }]), said };
}

function statementOf(slot: Slot, step: Step, sequence: bigint): Statement {
  const about = origin(sequence, step.at);
  if (!step.observed) return eventStatement(about, held(step.version));
  const size = sequence - BigInt(step.behind);
  return observedStatement(slot, about, size < 0n ? 0n : size, CREATED_AT, held(step.version));
}

/** What loadSlots() selects, over arrays. Earlier spans stand in front, as the table keeps them. */
function reload(
  said: readonly Statement[],
  known: readonly KnownSpan[],
  next: readonly Step[],
): Slot {
  const since = Math.min(...next.map((step) => (step.observed ? -Infinity : step.at)));
  const spans = known.filter(({ span }) => span.to === null || span.to.latest >= since);
  const behind = new Set(spans.flatMap(({ span }) => [span.openedSequence, span.entrySequence]));
  const statements = said.filter((one) => one.orderTime >= since || behind.has(one.sequence));
  const unloaded = known.filter((one) => !spans.includes(one));
  return new (class extends Slot {
    override get known(): readonly KnownSpan[] {
      return [...unloaded, ...super.known];
    }
  })(OWNER, statements, spans);
}

const content = (spans: readonly Span[]) =>
  spans.map(({ value, from, to, entrySequence, openedSequence, basis }) => ({
    value,
    from,
    to,
    entrySequence,
    openedSequence,
    basis,
  }));

describe('Slot', () => {
  it('gives at every sequence what folding everything said so far gives', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (all, batch) => {
        for (let size = 1; size <= all.length; size += 1) {
          const { slot, said } = play(all.slice(0, size), batch);
          expect(content(slot.known.map(({ span }) => span))).toEqual(content(foldTimeline(said)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on how the steps were cut into batches', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 2, max: 6 }), (all, batch) => {
        const one = play(all, 1);
        const many = play(all, batch);
        expect(many.said).toEqual(one.said);
        expect(many.slot.known.map(({ knownFrom, span }) => [knownFrom, content([span])])).toEqual(
          one.slot.known.map(({ knownFrom, span }) => [knownFrom, content([span])]),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('knows at every later sequence what it believed at an earlier one', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const beliefs: KnownSpan[] = [];
        const slot = new Slot(OWNER);
        const said: Statement[] = [];
        all.forEach((step, index) => {
          const statement = statementOf(slot, step, BigInt(index));
          said.push(statement);
          slot.say(statement);
        });
        beliefs.push(...slot.corrected, ...slot.known);
        all.forEach((_, index) => {
          const at = BigInt(index);
          const believed = beliefs.filter(
            (one) => one.knownFrom <= at && (one.knownTo === null || one.knownTo > at),
          );
          const expected = foldTimeline(said.slice(0, index + 1));
          const bySequence = (a: Span, b: Span) => Number(a.openedSequence - b.openedSequence);
          expect(content(believed.map(({ span }) => span).sort(bySequence))).toEqual(
            content([...expected].sort(bySequence)),
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  it('leaves no gap and no overlap, and no stretch that ends before it begins', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const spans = play(all, 3).slot.known.map(({ span }) => span);
        spans.forEach((span, index) => {
          expect(span.to).toEqual(spans[index + 1]?.from ?? null);
          expect(span.from.earliest).toBeLessThanOrEqual(span.from.latest);
          if (span.to !== null) expect(span.from.latest).toBeLessThanOrEqual(span.to.latest);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('would notice a placement that is not closed by the next one', () => {
    const moves: Step[] = [
      { version: '1', at: 1, observed: false, behind: 0 },
      { version: '2', at: 2, observed: false, behind: 0 },
    ];
    const { slot, said } = play(moves, 1);
    const mutant = slot.known.map(({ span }) => ({ ...span, to: null }));
    expect(content(mutant)).not.toEqual(content(foldTimeline(said)));
  });

  it('would notice a late event that wins over a newer one', () => {
    const arrival: Say = (slot, statement) => {
      slot.say({ ...statement, orderTime: 1_000 + Number(statement.sequence) });
    };
    const late: Step[] = [
      { version: '2', at: 9, observed: false, behind: 0 },
      { version: '1', at: 3, observed: false, behind: 0 },
    ];
    const mutant = play(late, 1, arrival);
    expect(mutant.slot.current.value).toBe('1');
    expect(content(mutant.slot.known.map(({ span }) => span))).not.toEqual(
      content(foldTimeline(mutant.said)),
    );
  });
});

describe('the rules of a timeline', () => {
  const timeline = (...all: Step[]) => content(play(all, 1).slot.known.map(({ span }) => span));
  const event = (version: string | null, at: number): Step => ({
    version,
    at,
    observed: false,
    behind: 0,
  });
  const reading = (version: string | null, at: number, behind = 0): Step => ({
    version,
    at,
    observed: true,
    behind,
  });
  const instant = (at: number) => ({ earliest: at, latest: at });

  it('closes a placement where the next begins', () => {
    expect(timeline(event('1', 10), event('2', 20))).toMatchObject([
      { value: '1', from: instant(10), to: instant(20) },
      { value: '2', from: instant(20), to: null },
    ]);
  });

  it('changes nothing when the same target is said again', () => {
    expect(timeline(event('1', 10), event('1', 20))).toMatchObject([
      { value: '1', from: instant(10), to: null, entrySequence: 0n },
    ]);
  });

  it('lets a late event take its place in the past only', () => {
    expect(timeline(event('1', 10), event('3', 30), event('2', 20))).toMatchObject([
      { value: '1', to: instant(20) },
      { value: '2', from: instant(20), to: instant(30) },
      { value: '3', from: instant(30), to: null },
    ]);
  });

  it('keeps what was said again when a late event comes between', () => {
    expect(
      timeline(event('1', 10), event('1', 30), event('2', 20)).map((span) => span.value),
    ).toEqual(['1', '2', '1']);
  });

  it('dates a change that was read as between the last news and the reading', () => {
    expect(timeline(event('1', 10), reading('2', 50))).toMatchObject([
      { value: '1', to: { earliest: 10, latest: 50 } },
      { value: '2', from: { earliest: 10, latest: 50 }, basis: 'inferred' },
    ]);
  });

  it('gives an observed change its instant when the event of it comes later', () => {
    expect(timeline(event('1', 10), reading('2', 50), event('2', 20))).toMatchObject([
      { value: '1', to: instant(20) },
      { value: '2', from: instant(20), basis: 'signed', openedSequence: 1n, entrySequence: 2n },
    ]);
  });

  it('lets an event that came while the reading went on win over what was read', () => {
    // The reading began before the second event was recorded and shows the state before it.
    expect(timeline(event('1', 10), event('2', 20), reading('1', 50, 1)).at(-1)).toMatchObject({
      value: '2',
      from: instant(20),
    });
  });

  it('lets an event that came after the reading win, though the clock of its source is behind', () => {
    expect(timeline(event('1', 10), reading('1', 5_000), event('2', 20)).at(-1)).toMatchObject({
      value: '2',
      from: instant(20),
    });
  });

  it('orders statements of one moment by sequence', () => {
    const at = (sequence: bigint) => eventStatement(origin(sequence, 5), NOTHING);
    expect(compareStatements(at(1n), at(2n))).toBeLessThan(0);
    expect(compareStatements(at(2n), at(2n))).toBe(0);
  });
});
