import { deliveryOf, doubled, evidenceOf, type LedgerEntry } from './ledger.js';
import type { Sent } from './webhook-load.js';

/**
 * What is wrong between what senders sent, what they were told, and what the ledger holds. Empty: every acknowledged
 * sequence holds that delivery with its bytes, and no delivery is missing or there twice.
 */
export function lossesOf(
  sent: readonly Sent[],
  acknowledged: ReadonlyMap<string, string>,
  entries: readonly LedgerEntry[],
): string[] {
  const keys = entries.map(deliveryOf);
  const place = new Map(entries.map((entry, index) => [keys[index], entry]));
  const wrong = doubled(keys).map((key) => `${key} is there twice`);
  for (const { body, deliveryId } of sent) {
    const entry = place.get(deliveryId);
    if (entry === undefined) wrong.push(`${deliveryId} is missing`);
    else if (evidenceOf(entry).toString('utf8') !== body)
      wrong.push(`${deliveryId} has other bytes`);
    else if (acknowledged.get(deliveryId) !== entry.sequence) {
      wrong.push(
        `${deliveryId} was acknowledged as ${String(acknowledged.get(deliveryId))}, is ${entry.sequence}`,
      );
    }
  }
  return wrong;
}
