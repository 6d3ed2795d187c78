import {
  personal,
  SYSTEM_ACTOR,
  subjects,
  type ActorRef,
  type DraftJson,
  type EntryDraft,
  type EventType,
} from '@countersign/events';
import { decisionRecord, type Decision } from '@countersign/policy';
import { voteDelivery } from './deliveries.js';
import type { RequestEvent } from './domain/request-state.js';
import type { PromotionRequestRecord } from './records.js';

/** Source of every entry that our own commands make. */
export const OWN_SOURCE = 'countersign';

/** An access decision with what was asked. */
export interface Asked {
  readonly action: string;
  readonly object: string;
  readonly decision: Decision;
}

/** What a command's entries have in common. */
export interface CommandFrame {
  readonly actor: ActorRef;
  readonly now: Date;
  readonly asked: Asked | null;
  /** Free text that the caller gave: reason or comment. */
  readonly text: string | null;
}

export function askedRecord(asked: Asked | null): DraftJson {
  if (asked === null) return null;
  return { ...decisionRecord(asked.decision), action: asked.action, object: asked.object };
}

/** Free text is about whoever wrote it, as far as anybody can say. */
export function freeText(text: string | null, author: ActorRef): DraftJson {
  return text === null ? null : personal(text, author.id);
}

export function aboutRequest(request: PromotionRequestRecord): {
  requestId: string;
  source: string;
  model: string;
  version: string;
  target: string;
} {
  const { id, source, model, version, target } = request;
  return { requestId: id, source, model, version, target };
}

interface OwnDraft {
  readonly type: EventType;
  readonly subject: string;
  readonly actor: ActorRef;
  readonly now: Date;
  readonly delivery: string;
  readonly data: EntryDraft['data'];
}

/** An entry of our own making: what we did ourselves is known at first hand. */
export function ownEntry(draft: OwnDraft): EntryDraft {
  return {
    type: draft.type,
    source: OWN_SOURCE,
    subject: draft.subject,
    actor: draft.actor,
    basis: 'authenticated',
    occurredAt: draft.now,
    delivery: draft.delivery,
    data: draft.data,
  };
}

/** The entry of one step of the workflow. `request` is the request after the command. */
export function requestEntry(
  event: RequestEvent,
  request: PromotionRequestRecord,
  frame: CommandFrame,
  extra: { permitId: string | null; presentDigest: string | null; needed: number; role: string },
): EntryDraft {
  const moved = { ...aboutRequest(request), state: request.state, rowVersion: request.rowVersion };
  const comment = freeText(frame.text, frame.actor);
  const decision = askedRecord(frame.asked);
  const entry = (type: EventType, data: EntryDraft['data'], actor = frame.actor): EntryDraft =>
    ownEntry({
      type,
      subject: subjects.request(request.id),
      actor,
      now: frame.now,
      delivery:
        event.kind === 'vote_cast'
          ? voteDelivery(request.id, request.rowVersion)
          : `promotion:${request.id}:${request.rowVersion}:${event.kind}`,
      data: { ...moved, ...data },
    });
  switch (event.kind) {
    case 'vote_cast':
      return entry('promotion.vote_cast', {
        voteId: event.vote.id,
        vote: event.vote.decision,
        role: event.vote.role,
        pinDigest: event.vote.pinDigest,
        comment,
        decision,
      });
    case 'vote_revoked':
      return entry('promotion.vote_revoked', { voteId: event.voteId, comment, decision });
    case 'approved':
      return entry(
        'promotion.approved',
        {
          pinDigest: request.pinDigest,
          policyVersion: request.policyVersion,
          role: extra.role,
          needed: extra.needed,
          voters: event.voters,
        },
        SYSTEM_ACTOR,
      );
    case 'reopened':
      return entry('promotion.reopened', { cause: event.cause }, SYSTEM_ACTOR);
    case 'rejected':
      return entry('promotion.rejected', { voteId: event.voteId }, SYSTEM_ACTOR);
    case 'withdrawn':
      return entry('promotion.withdrawn', { reason: comment, decision });
    case 'expired':
      return entry(
        'promotion.expired',
        { expiresAt: request.expiresAt.toISOString() },
        SYSTEM_ACTOR,
      );
    case 'stale':
      return entry(
        'promotion.stale',
        {
          differences: event.differences,
          pinDigest: request.pinDigest,
          presentDigest: extra.presentDigest,
        },
        SYSTEM_ACTOR,
      );
    case 'executing':
      return entry('promotion.executing', {
        permitId: extra.permitId ?? '',
        pinDigest: request.pinDigest,
        voters: event.voters,
        reason: comment,
        decision,
      });
  }
}

/** The entry of a refused command: exactly one each, whatever it was refused for. */
export function refusedEntry(refusal: {
  readonly id: string;
  readonly command: string;
  readonly code: string;
  readonly message: string;
  readonly frame: CommandFrame;
  readonly request: PromotionRequestRecord | null;
  readonly asked: {
    readonly source: string | null;
    readonly model: string;
    readonly version: string | null;
    readonly target: string | null;
  };
}): EntryDraft {
  const { frame, request, asked } = refusal;
  const subject =
    request !== null
      ? subjects.request(request.id)
      : asked.version === null
        ? subjects.model(asked.model)
        : subjects.modelVersion(asked.model, asked.version);
  return ownEntry({
    type: 'promotion.refused',
    subject,
    actor: frame.actor,
    now: frame.now,
    delivery: `promotion-refused:${refusal.id}`,
    data: {
      command: refusal.command,
      code: refusal.code,
      message: refusal.message,
      requestId: request?.id ?? null,
      ...asked,
      state: request?.state ?? null,
      comment: freeText(frame.text, frame.actor),
      decision: askedRecord(frame.asked),
    },
  });
}
