import type { ActorKind, Basis } from '@countersign/events';

/** Both ends in milliseconds since 1970, source time; equal for an instant. */
export interface Range {
  readonly earliest: number;
  readonly latest: number;
}

/** What a slot holds: a version under an alias, a stage of a version, the value of a tag. */
export interface Held {
  /** False: the slot is empty from here on. */
  readonly present: boolean;
  /** Null when there is nothing, and for a personal value that was erased. */
  readonly value: string | null;
  /** The version that an alias points at. */
  readonly versionId: string | null;
}

export const NOTHING: Held = { present: false, value: null, versionId: null };

export interface Placer {
  readonly id: string;
  readonly kind: ActorKind;
  readonly basis: Basis;
}

/** What one entry says about one slot. Kept for ever, so that a late one finds its place among the others. */
export interface Statement extends Held {
  readonly sequence: bigint;
  /** Place in the slot's time, with orderSequence: see place() in timeline.ts. Milliseconds since 1970. */
  readonly orderTime: number;
  readonly orderSequence: bigint;
  /** When the slot took this value: an instant for an event, a stretch for an observation. */
  readonly range: Range;
  /** True for a state that was read; false for an event that was sent. */
  readonly observed: boolean;
  readonly basis: Basis;
  readonly actor: Placer;
}

/** Order of statements in the slot's own time. */
export function compareStatements(a: Statement, b: Statement): number {
  if (a.orderTime !== b.orderTime) return a.orderTime - b.orderTime;
  if (a.orderSequence !== b.orderSequence) return a.orderSequence < b.orderSequence ? -1 : 1;
  if (a.sequence !== b.sequence) return a.sequence < b.sequence ? -1 : 1;
  return 0;
}

/** The same content. An erased value equals nothing, so that it is never merged with another. */
export function sameHeld(a: Held, b: Held): boolean {
  if (a.present !== b.present) return false;
  if (!a.present) return true;
  if (a.versionId !== null || b.versionId !== null) return a.versionId === b.versionId;
  return a.value !== null && a.value === b.value;
}
