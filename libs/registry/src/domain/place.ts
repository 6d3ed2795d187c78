import type { Slot } from './slot.js';
import type { Held, Placer, Statement } from './statement.js';
import type { Basis } from '@countersign/events';

/** Where a statement comes from. Times in milliseconds since 1970. */
export interface Origin {
  readonly sequence: bigint;
  readonly at: number;
  readonly basis: Basis;
  readonly actor: Placer;
}

/** An event: it happened at its own time, whenever it arrived. */
export function eventStatement(origin: Origin, held: Held): Statement {
  return {
    ...held,
    sequence: origin.sequence,
    orderTime: origin.at,
    orderSequence: origin.sequence,
    range: { earliest: origin.at, latest: origin.at },
    observed: false,
    basis: origin.basis,
    actor: origin.actor,
  };
}

/** A change that was noticed between two moments, with nobody to name. */
export function noticedStatement(origin: Origin, earliest: number, held: Held): Statement {
  const event = eventStatement(origin, held);
  return {
    ...event,
    range: { earliest: Math.min(earliest, origin.at), latest: origin.at },
    observed: true,
  };
}

/**
 * A state that was read at origin.at, by a reading that began when the ledger had `readAtSize` entries. It
 * stands right behind what was said before that: any entry from there on may be newer than what was read,
 * so an event among them always wins. The clocks of registry and reader are not compared for this; a reader's
 * clock that runs back between two readings can widen the ranges of what was only observed, nothing else.
 */
export function observedStatement(
  slot: Slot,
  origin: Origin,
  readAtSize: bigint,
  notBefore: number,
  held: Held,
): Statement {
  const last = slot.lastBefore(readAtSize);
  const earliest = Math.min(origin.at, last?.latest ?? notBefore);
  return {
    ...noticedStatement(origin, earliest, held),
    orderTime: Math.min(origin.at, last?.orderTime ?? notBefore),
    orderSequence: readAtSize - 1n,
  };
}
