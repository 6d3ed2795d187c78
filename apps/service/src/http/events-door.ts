import type { IngestService } from '@countersign/ingest';
import type { Clock } from '@countersign/kernel';
import type { FastifyInstance } from 'fastify';
import type { Admission } from './admission.js';
import { decodeContent } from './content-encoding.js';
import { answer, answerBatch, answerOf, type CountAnswer } from './door-answers.js';
import { BODY_BYTES_MAX, bytesOf, takeRawBodies } from './raw-body.js';
import { callerOf, type DoorAccess } from './token.js';

export interface EventsDoorOptions {
  readonly ingest: Pick<IngestService, 'acceptEvent' | 'acceptEventBatch'>;
  readonly access: DoorAccess;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly count?: CountAnswer;
}

// Before the test for structured mode: `application/cloudevents` is a prefix of it.
const BATCHED = /^application\/cloudevents-batch/i;

/**
 * `POST /events`: CloudEvents 1.0 in binary, structured and batched mode (HTTP binding 1.0 §3). What is no CloudEvent,
 * or of a type that is unknown here, is kept in quarantine.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- Fastify takes plugins that return a promise
export async function eventsDoor(
  scope: FastifyInstance,
  options: EventsDoorOptions,
): Promise<void> {
  const { access, admission, clock, ingest } = options;
  const count: CountAnswer = options.count ?? (() => undefined);
  takeRawBodies(scope, BODY_BYTES_MAX);
  admission.guard(scope, BODY_BYTES_MAX);

  scope.post('/events', { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    const receivedAt = clock.now();
    const principal = await callerOf(request, access, 'events.write');
    const { headers } = request;
    const body = await decodeContent(bytesOf(request), headers['content-encoding'], BODY_BYTES_MAX);
    const delivery = { principal, headers, body, receivedAt };
    if (!BATCHED.test(headers['content-type'] ?? '')) {
      const outcome = await ingest.acceptEvent(delivery);
      count('events', answerOf(outcome));
      return answer(reply, outcome);
    }
    const outcomes = await ingest.acceptEventBatch(delivery);
    for (const outcome of 'kind' in outcomes ? [outcomes] : outcomes) {
      count('events', answerOf(outcome));
    }
    return answerBatch(reply, outcomes);
  });
}
