import type { Source } from './source.js';

/** Deliveries that were refused, as one process counts them. */
export interface Refusals {
  readonly count: number;
  readonly lastCode: string;
  readonly lastAt: Date;
}

const RECENT_MS = 3_600_000;

/** One line for an operator: what came last and what was refused lately. */
export function sourceHealth(
  source: Pick<Source, 'lastDeliveryAt'>,
  refusals: Refusals | undefined,
  now: Date,
): string {
  const last =
    source.lastDeliveryAt === null
      ? 'no deliveries yet'
      : `last delivery ${source.lastDeliveryAt.toISOString()}`;
  if (refusals === undefined || now.getTime() - refusals.lastAt.getTime() > RECENT_MS) {
    return source.lastDeliveryAt === null ? last : `ok, ${last}`;
  }
  const times = refusals.count === 1 ? '1 delivery' : `${refusals.count} deliveries`;
  return `${times} refused, last ${refusals.lastCode} at ${refusals.lastAt.toISOString()}; ${last}`;
}
