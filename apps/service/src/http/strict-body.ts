import { parseStrictJson } from '@countersign/chain';
import type { FastifyInstance } from 'fastify';
import { BODY_BYTES_MAX } from './raw-body.js';

/**
 * Makes a Fastify scope read JSON bodies with the reader of the doors, so that the API, webhooks and Kafka refuse the same
 * texts: a duplicate key, which Fastify's own parser would settle by taking the last, can hide what somebody approved.
 */
export function takeStrictJson(scope: FastifyInstance): void {
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
    (_request, body, done) => {
      const read = parseStrictJson(body);
      if (read.ok) done(null, read.value);
      else done(new UnreadableBody(`${read.code} at byte ${read.offset}: ${read.detail}`));
    },
  );
}

/** Fastify and what stands on it look at the two fields. */
class UnreadableBody extends Error {
  readonly statusCode = 400;
  readonly code = 'FST_ERR_CTP_INVALID_JSON_BODY';
}
