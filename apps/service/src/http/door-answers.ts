import type { IngestOutcome, Overloaded, Recorded } from '@countersign/ingest';
import type { FastifyReply } from 'fastify';
import { sendProblem } from './problem.js';

/** How a delivery was answered, for counters. */
export type DoorAnswer =
  | 'accepted'
  | 'duplicate'
  | 'quarantined'
  | 'conflict'
  | 'unauthentic'
  | 'overloaded'
  | 'unknown_source';

/** Counts answers. Implemented over prom-client by doorCounter. */
export type CountAnswer = (door: string, answer: DoorAnswer) => void;

/** Answers one delivery as the design's doors do. */
export function answer(reply: FastifyReply, outcome: IngestOutcome): FastifyReply {
  switch (outcome.kind) {
    case 'accepted':
    case 'quarantined':
      return reply
        .code(202)
        .type('application/json')
        .send(JSON.stringify(bodyOf(outcome)));
    case 'conflict':
      return sendProblem(reply, {
        status: 409,
        code: 'DELIVERY_CONFLICT',
        detail: 'This delivery id was used before with other content. The first one stands.',
        hint: 'Use a new delivery id for a new event. Both are in the ledger.',
        extra: { firstSequence: String(outcome.firstSequence) },
      });
    case 'unauthentic':
      void reply.header('www-authenticate', 'HMAC-SHA256');
      return sendProblem(reply, {
        status: 401,
        code: outcome.code,
        detail: outcome.message,
        hint: outcome.hint,
      });
    case 'overloaded':
      return overloaded(reply, outcome);
  }
}

/** Answers a batch: one object per event, in order. */
export function answerBatch(
  reply: FastifyReply,
  outcomes: readonly Recorded[] | Overloaded,
): FastifyReply {
  if ('kind' in outcomes) return overloaded(reply, outcomes);
  return reply
    .code(202)
    .type('application/json')
    .send(JSON.stringify(outcomes.map(bodyOf)));
}

/** What a counter is told of an outcome. */
export function answerOf(outcome: IngestOutcome): DoorAnswer {
  return outcome.kind === 'accepted' && outcome.duplicate ? 'duplicate' : outcome.kind;
}

function bodyOf(outcome: Recorded): Readonly<Record<string, string | boolean>> {
  switch (outcome.kind) {
    case 'accepted':
      return { sequence: String(outcome.sequence), duplicate: outcome.duplicate };
    case 'quarantined':
      return { quarantined: outcome.id, reason: outcome.reason };
    case 'conflict':
      return { code: 'DELIVERY_CONFLICT', firstSequence: String(outcome.firstSequence) };
  }
}

function overloaded(reply: FastifyReply, outcome: Overloaded): FastifyReply {
  return sendProblem(reply, {
    status: 503,
    code: 'OVERLOADED',
    detail: 'More events are arriving than can be recorded.',
    hint: 'Send the same delivery again after the time in Retry-After: it will be recorded once.',
    retryAfterSeconds: outcome.retryAfterSeconds,
  });
}
