import type { AppendResult } from './append-result.js';
import type { PreparedDraft } from './prepare.js';

/** One caller's drafts. Never split over two batches, so they are in the ledger together or not at all. */
export interface AppendRequest {
  readonly drafts: readonly PreparedDraft[];
  readonly weight: number;
  /** On the monotonic clock, milliseconds. */
  readonly deadline: number;
  readonly resolve: (results: AppendResult[]) => void;
  readonly reject: (error: unknown) => void;
  /** Set once an optimistic attempt failed: the next one locks the head and looks the deliveries up. */
  locked: boolean;
  /** Set once a batch of several was refused for its content: the next attempt goes alone. */
  alone: boolean;
}

export const BATCH_DRAFTS_MAX = 1_000;
export const BATCH_WEIGHT_MAX = 16 * 1024 * 1024;

/** Waiting requests of one tenant, first come first served. */
export class RequestQueue {
  #requests: AppendRequest[] = [];
  #drafts = 0;
  #weight = 0;

  get drafts(): number {
    return this.#drafts;
  }

  /** About what all of it takes in statements. */
  get weight(): number {
    return this.#weight;
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }

  /** The next batch would be an optimistic one. */
  get nextIsOptimistic(): boolean {
    return this.#requests[0]?.locked === false;
  }

  /** The next batch may be written together with others'. */
  get nextIsSociable(): boolean {
    return this.nextIsOptimistic && this.#requests[0]?.alone === false;
  }

  push(request: AppendRequest): void {
    this.#requests.push(request);
    this.#count(request, 1);
  }

  /** Back to the front, in their order. */
  putBack(requests: readonly AppendRequest[]): void {
    this.#requests = [...requests, ...this.#requests];
    for (const request of requests) this.#count(request, 1);
  }

  /**
   * The requests of the next batch: alike in how they are to be appended, within the bounds of a batch, and of `portion`
   * drafts or fewer where a request does not have more by itself.
   */
  take(portion: number = BATCH_DRAFTS_MAX): AppendRequest[] {
    const [first] = this.#requests;
    if (first === undefined) return [];
    let count = 0;
    let drafts = 0;
    let weight = 0;
    for (const request of this.#requests) {
      const fits =
        drafts + request.drafts.length <= Math.min(portion, BATCH_DRAFTS_MAX) &&
        weight + request.weight <= BATCH_WEIGHT_MAX;
      const alike = request.locked === first.locked && !request.alone && !first.alone;
      if (count > 0 && !(fits && alike)) break;
      count++;
      drafts += request.drafts.length;
      weight += request.weight;
    }
    const taken = this.#requests.splice(0, count);
    for (const request of taken) this.#count(request, -1);
    return taken;
  }

  /** Removes and returns what has waited beyond its deadline. */
  expired(now: number): AppendRequest[] {
    const late = this.#requests.filter((request) => request.deadline <= now);
    if (late.length === 0) return late;
    this.#requests = this.#requests.filter((request) => request.deadline > now);
    for (const request of late) this.#count(request, -1);
    return late;
  }

  #count({ drafts, weight }: AppendRequest, sign: 1 | -1): void {
    this.#drafts += sign * drafts.length;
    this.#weight += sign * weight;
  }
}
