import type { IngestService } from '@countersign/ingest';
import type { Clock } from '@countersign/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission } from './admission.js';
import { decodeContent } from './content-encoding.js';
import { answer, answerBatch, answerOf, type CountAnswer } from './door-answers.js';
import { bytesOf, takeRawBodies } from './raw-body.js';
import { callerOf, type DoorAccess } from './token.js';

export interface LineageDoorOptions {
  readonly ingest: Pick<IngestService, 'acceptLineage' | 'acceptLineageBatch'>;
  readonly access: DoorAccess;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly count?: CountAnswer;
}

/** OpenLineage events hold query plans. Applies to the body as sent and to its content. */
export const LINEAGE_BYTES_MAX = 8 * 1024 * 1024;

/**
 * `POST /api/v1/lineage` and `/api/v1/lineage/batch` (OpenLineage). Stores the bytes and answers: a slow answer makes
 * Spark's listener name wrong table versions. Spark's client tries again once on 503 and 429 and never otherwise, so
 * nothing that may pass later is answered with another status.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- Fastify takes plugins that return a promise
export async function lineageDoor(
  scope: FastifyInstance,
  options: LineageDoorOptions,
): Promise<void> {
  const { access, admission, clock, ingest } = options;
  const count: CountAnswer = options.count ?? (() => undefined);
  takeRawBodies(scope, LINEAGE_BYTES_MAX);
  admission.guard(scope, LINEAGE_BYTES_MAX);

  const deliveryOf = async (request: FastifyRequest) => {
    const receivedAt = clock.now();
    const principal = await callerOf(request, access, 'lineage.write');
    const { headers } = request;
    const body = await decodeContent(
      bytesOf(request),
      headers['content-encoding'],
      LINEAGE_BYTES_MAX,
    );
    return { principal, headers, body, receivedAt };
  };

  scope.post('/api/v1/lineage', { bodyLimit: LINEAGE_BYTES_MAX }, async (request, reply) => {
    const outcome = await ingest.acceptLineage(await deliveryOf(request));
    count('lineage', answerOf(outcome));
    return answer(reply, outcome);
  });

  scope.post('/api/v1/lineage/batch', { bodyLimit: LINEAGE_BYTES_MAX }, async (request, reply) => {
    const outcomes = await ingest.acceptLineageBatch(await deliveryOf(request));
    for (const outcome of 'kind' in outcomes ? [outcomes] : outcomes) {
      count('lineage', answerOf(outcome));
    }
    return answerBatch(reply, outcomes);
  });
}
