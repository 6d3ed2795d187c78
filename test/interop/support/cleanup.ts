/** What a spec has started, so that all of it ends even when its set-up broke off half-way. */
export class Cleanup {
  readonly #stops: (() => unknown)[] = [];

  /** Returns what it is given. */
  add<Started>(started: Started, stop: (started: Started) => unknown): Started {
    this.#stops.push(() => stop(started));
    return started;
  }

  /** Newest first; throws the first error, after everything was stopped. */
  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (const stop of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
