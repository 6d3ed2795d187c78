import { AppError } from '@countersign/kernel';

/** Streams that one process serves. Each looks into the database about once a second. */
const STREAMS_MAX = 500;
const STREAMS_PER_PRINCIPAL_MAX = 20;

/** Bounds the open streams, so that nobody can keep the database busy with them. */
export class StreamSlots {
  readonly #open = new Map<string, number>();
  #all = 0;

  /** Takes a place and returns the function that gives it back. Throws OVERLOADED when there is none. */
  enter(principalId: string): () => void {
    const own = this.#open.get(principalId) ?? 0;
    if (own >= STREAMS_PER_PRINCIPAL_MAX || this.#all >= STREAMS_MAX) {
      throw new AppError('OVERLOADED', {
        publicMessage: 'Too many subscriptions are open.',
        hint: `Close some: ${STREAMS_PER_PRINCIPAL_MAX} per person, ${STREAMS_MAX} per process.`,
      });
    }
    this.#open.set(principalId, own + 1);
    this.#all += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#all -= 1;
      const still = (this.#open.get(principalId) ?? 1) - 1;
      if (still === 0) this.#open.delete(principalId);
      else this.#open.set(principalId, still);
    };
  }
}
