/** A contestant: does `work` and says how many units it did. What `prepare` does before is not measured. */
export interface Contestant {
  readonly name: string;
  prepare?(): Promise<void> | void;
  work(): Promise<number | Timed>;
}

/** For work that is not all to be measured: units, and the seconds that count. */
export interface Timed {
  readonly units: number;
  readonly seconds: number;
}

export interface PairResult {
  /** Units per second, median. */
  readonly subject: number;
  readonly baseline: number;
  /** Median of the ratios subject / baseline of the pairs. */
  readonly ratio: number;
  readonly ratios: readonly number[];
}

/**
 * Runs two contestants in turns, so that a change in the machine's load meets both, the order alternating. The first
 * pair warms up and does not count.
 */
export async function interleavedPairs(
  subject: Contestant,
  baseline: Contestant,
  pairs: number,
): Promise<PairResult> {
  const rates: { subject: number; baseline: number }[] = [];
  for (let pair = 0; pair <= pairs; pair++) {
    const order = pair % 2 === 0 ? [subject, baseline] : [baseline, subject];
    const measured = new Map<Contestant, number>();
    for (const contestant of order) measured.set(contestant, await rate(contestant));
    const one = { subject: measured.get(subject) ?? 0, baseline: measured.get(baseline) ?? 0 };
    if (pair > 0) rates.push(one);
  }
  const ratios = rates.map((one) => one.subject / one.baseline);
  return {
    subject: median(rates.map((one) => one.subject)),
    baseline: median(rates.map((one) => one.baseline)),
    ratio: median(ratios),
    ratios,
  };
}

async function rate(contestant: Contestant): Promise<number> {
  await contestant.prepare?.();
  const start = process.hrtime.bigint();
  const done = await contestant.work();
  if (typeof done !== 'number') return done.units / done.seconds;
  return done / (Number(process.hrtime.bigint() - start) / 1e9);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
