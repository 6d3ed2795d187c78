import { setTimeout as sleep } from 'node:timers/promises';
import type { DraftKind } from './draft.js';
import type { Replica } from './replica.js';
import { Seeded } from './seeded.js';

const CALLERS = 256;
/** Every so many of a caller's turns it repeats something that was acknowledged long ago. */
const REPEATS = 20;
/** Callers whose appends are commands, which hold the head inside a transaction of theirs. */
const COMMANDERS = 8;
/** Before an unanswered append is sent again. */
const PAUSE_MS = 50;

/** Clients outside of the replicas: each waits for its acknowledgement, and asks again, anywhere, when it gets none. */
export class Callers {
  /** Every name that was ever sent, with the sequence that was acknowledged. */
  readonly acknowledged = new Map<string, bigint>();
  /** Answers that contradict an earlier one, in words. */
  readonly contradictions: string[] = [];
  /** How often an attempt ended without an answer or with a refusal, by code. */
  readonly failures = new Map<string, number>();
  /** Repetitions that were answered as such. */
  repeated = 0;
  #sent = 0;
  #stopping = false;
  #aborted = false;

  /** `replicas`: the ones that run now. */
  constructor(
    private readonly seed: number,
    private readonly replicas: () => readonly Replica[],
  ) {}

  /** Until `stop`; each caller ends with its last append acknowledged. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CALLERS }, (_, n) => this.#caller(n)));
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Ends callers though they wait, where nobody will answer any more. */
  abort(): void {
    this.#stopping = true;
    this.#aborted = true;
  }

  get sent(): number {
    return this.#sent;
  }

  async #caller(n: number): Promise<void> {
    const random = new Seeded(this.seed + n);
    const kind: DraftKind = n < COMMANDERS ? 'command' : 'delivery';
    const mine: string[] = [];
    while (!this.#stopping) {
      const again = mine.length > 0 && random.below(REPEATS) === 0;
      const name = again ? random.pick(mine) : `${kind}-${n}-${mine.length}`;
      if (!again) {
        mine.push(name);
        this.#sent += 1;
      }
      await this.#untilAcknowledged(name, kind, random);
    }
  }

  async #untilAcknowledged(name: string, kind: DraftKind, random: Seeded): Promise<void> {
    while (!this.#aborted) {
      const replicas = this.replicas();
      const answer =
        replicas.length === 0
          ? { failed: 'NOBODY' }
          : await random.pick(replicas).append(name, kind);
      if ('sequence' in answer) {
        this.#note(name, answer);
        return;
      }
      this.failures.set(answer.failed, (this.failures.get(answer.failed) ?? 0) + 1);
      await sleep(PAUSE_MS);
    }
  }

  #note(name: string, { duplicate, sequence }: { sequence: bigint; duplicate: boolean }): void {
    const before = this.acknowledged.get(name);
    if (before === undefined) {
      this.acknowledged.set(name, sequence);
      return;
    }
    if (duplicate && before === sequence) this.repeated += 1;
    else {
      const how = duplicate ? 'a duplicate of' : 'new,';
      this.contradictions.push(`${name} was acknowledged as ${before}, then as ${how} ${sequence}`);
    }
  }
}
