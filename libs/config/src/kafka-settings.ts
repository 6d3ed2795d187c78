import { z } from 'zod';
import type { KafkaTopic } from './config.js';

const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;
const SOURCE = /^([a-z][a-z0-9-]{0,62})\/([a-z0-9][a-z0-9._-]{0,254})$/;

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** `host:port`, several by comma. */
export const brokersSchema = list.pipe(
  z.array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/)).min(1),
);

/** `topic` or `topic=tenant/source`, several by comma. */
export const topicsSchema = list.pipe(
  z.array(
    z.string().transform((text, context): KafkaTopic => {
      const [topic = '', source, ...rest] = text.split('=');
      const [, tenantSlug, name] = SOURCE.exec(source ?? '') ?? [];
      if (TOPIC.test(topic) && rest.length === 0) {
        if (source === undefined) return { topic, source: null };
        if (tenantSlug !== undefined && name !== undefined)
          return { topic, source: { tenantSlug, name } };
      }
      context.addIssue({ code: 'custom', message: 'not topic or topic=tenant/source' });
      return z.NEVER;
    }),
  ),
);
