import type { ZodType } from 'zod';
import { accessEvents } from './access-events.js';
import { ingestEvents } from './ingest-events.js';
import { ledgerEvents } from './ledger-events.js';
import { lineageEvents } from './lineage-events.js';
import { promotionEvents } from './promotion-events.js';
import { registryEvents } from './registry-events.js';

/** Every type that an entry can have, with the schema of its readable `data`. A closed set. */
export const eventCatalogue = {
  ...accessEvents,
  ...ingestEvents,
  ...ledgerEvents,
  ...lineageEvents,
  ...promotionEvents,
  ...registryEvents,
} as const satisfies Record<string, ZodType>;

export type EventType = keyof typeof eventCatalogue;

/** True for a type of the catalogue. */
export function isEventType(text: string): text is EventType {
  return Object.hasOwn(eventCatalogue, text);
}
