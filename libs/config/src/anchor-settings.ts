import { z } from 'zod';

/** An address without a trailing slash, so that paths can be put behind it. */
export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .transform((text) => text.replace(/\/+$/, ''));

/** Several by comma. */
export const httpUrls = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .pipe(z.array(httpUrl).min(1));

/** Ends in a slash, unless it is empty. */
export const s3Prefix = z
  .string()
  .regex(/^(?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]+\/?$/)
  .transform((text) => (text.endsWith('/') ? text : `${text}/`));

export const retentionDays = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().max(36_500));
