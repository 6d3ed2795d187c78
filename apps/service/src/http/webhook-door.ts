import type { IngestService, SourceService } from '@countersign/ingest';
import type { Clock } from '@countersign/kernel';
import type { FastifyInstance } from 'fastify';
import type { Admission } from './admission.js';
import { answer, answerOf, type CountAnswer } from './door-answers.js';
import { sendProblem } from './problem.js';
import { BODY_BYTES_MAX, bytesOf, takeRawBodies } from './raw-body.js';

export interface WebhookDoorOptions {
  readonly ingest: Pick<IngestService, 'accept'>;
  readonly sources: Pick<SourceService, 'resolve'>;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly count?: CountAnswer;
}

/**
 * `POST /webhooks/{sourceId}`: a source's signed deliveries. 202 once durable; an id that is unknown and one that is
 * no id get the same 404.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- Fastify takes plugins that return a promise
export async function webhookDoor(
  scope: FastifyInstance,
  options: WebhookDoorOptions,
): Promise<void> {
  const { admission, clock, ingest, sources } = options;
  const count: CountAnswer = options.count ?? (() => undefined);
  takeRawBodies(scope, BODY_BYTES_MAX);
  admission.guard(scope, BODY_BYTES_MAX);

  scope.post<{ Params: { sourceId: string } }>(
    '/webhooks/:sourceId',
    { bodyLimit: BODY_BYTES_MAX },
    async (request, reply) => {
      const receivedAt = clock.now();
      const source = await sources.resolve(request.params.sourceId);
      if (source === null) {
        count('webhooks', 'unknown_source');
        return sendProblem(reply, {
          status: 404,
          code: 'NOT_FOUND',
          detail: 'There is no such source.',
          hint: 'Copy the webhook address of the source again.',
        });
      }
      const body = bytesOf(request);
      const outcome = await ingest.accept({ source, headers: request.headers, body, receivedAt });
      count('webhooks', answerOf(outcome));
      return answer(reply, outcome);
    },
  );
}
