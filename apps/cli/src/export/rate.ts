/** How fast something goes, over the last seconds: for a line of progress. */
export class Rate {
  readonly #marks: { readonly at: number; readonly done: number }[] = [];

  /** `now`: milliseconds on any clock that only goes forward. */
  constructor(private readonly now: () => number) {}

  /** `12,000 of 50,000 entries, 3,100/s, 13 s left`. */
  line(done: bigint, total: bigint): string {
    const mark = { at: this.now(), done: Number(done) };
    this.#marks.push(mark);
    while (this.#marks.length > 2 && mark.at - (this.#marks[0]?.at ?? 0) > WINDOW_MS) {
      this.#marks.shift();
    }
    const first = this.#marks[0] ?? mark;
    const seconds = (mark.at - first.at) / 1000;
    const figures = `${grouped(mark.done)} of ${grouped(Number(total))} entries`;
    const rate = seconds <= 0 ? 0 : (mark.done - first.done) / seconds;
    if (rate <= 0) return figures;
    const left = duration(Math.ceil((Number(total) - mark.done) / rate));
    return `${figures}, ${grouped(Math.round(rate))}/s, ${left} left`;
  }
}

const WINDOW_MS = 10_000;

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** Whole seconds for people: `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
