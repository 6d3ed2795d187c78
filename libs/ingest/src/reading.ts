import type { EntryDraft } from '@countersign/events';

/** Why a delivery was kept without being understood. Stable; clients and operators match on it. */
export const QUARANTINE_REASONS = [
  /** The strict reader refused the bytes; `detail` starts with its code. */
  'NOT_STRICT_JSON',
  /** JSON, but not an object, or an empty one. */
  'NOT_AN_EVENT',
  'UNKNOWN_EVENT_TYPE',
  'MISSING_FIELD',
  'UNEXPECTED_VALUE',
  /** A name too long for an entry's subject. */
  'SUBJECT_TOO_LONG',
  /** Neither structured nor binary CloudEvents 1.0. */
  'NOT_A_CLOUDEVENT',
  /** A Kafka message without a value. */
  'TOMBSTONE',
  /** Read, but an entry cannot hold it. */
  'INVALID_ENTRY',
  /** Understood as a whole, but it says nothing. */
  'NO_EVENTS',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** What an adapter found in received bytes: an entry draft without what the door knows. */
export type CanonicalEvent = Pick<
  EntryDraft,
  'type' | 'subject' | 'occurredAt' | 'data' | 'before' | 'after'
>;

export interface Understood {
  readonly ok: true;
  /** In the order in which they happened. An adapter may find several; none counts as NO_EVENTS. */
  readonly events: readonly CanonicalEvent[];
}
export interface NotUnderstood {
  readonly ok: false;
  readonly reason: QuarantineReason;
  /** One sentence for the operator. Names fields, never values of personal ones. */
  readonly detail: string;
}
export type Reading = Understood | NotUnderstood;

/** What every adapter is told. Pure: the same input gives the same reading. */
export interface ReadInput {
  readonly bytes: Uint8Array;
  /** Stands in when the event carries no usable time of its own. */
  readonly receivedAt: Date;
  /** The source's id, for events about the source itself. */
  readonly sourceId: string;
}

/** Longest subject of an entry, in characters. */
export const SUBJECT_CHARS_MAX = 1024;

/** Shorthand for a reading that failed. */
export function notUnderstood(reason: QuarantineReason, detail: string): NotUnderstood {
  return { ok: false, reason, detail: detail.slice(0, 500) };
}

/**
 * The type is shown only when it looks like one: the detail stands in the hashed payload, where nothing that somebody
 * put into a wrong place could be erased.
 */
export function unknownType(type: string): NotUnderstood {
  const shown = /^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*){1,6}$/.test(type) && type.length <= 100;
  return notUnderstood('UNKNOWN_EVENT_TYPE', shown ? `"${type}" is unknown.` : 'It is unknown.');
}

/** A reading of one event, unless its subject is too long for an entry. */
export function understood(event: CanonicalEvent): Reading {
  if (event.subject.length > SUBJECT_CHARS_MAX) {
    return notUnderstood(
      'SUBJECT_TOO_LONG',
      `The subject has ${event.subject.length} characters, at most ${SUBJECT_CHARS_MAX} fit an entry.`,
    );
  }
  return { ok: true, events: [event] };
}
