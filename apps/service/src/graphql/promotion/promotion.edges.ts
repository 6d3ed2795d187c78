import type { PromotionQueries } from '@countersign/promotion';
import type { Edge } from '../runtime/caller.js';

/** What people wrote about a promotion, by the delivery of its entry; one read for all of a page. */
export function textEdge(queries: PromotionQueries): Edge<string, string | null> {
  return {
    name: 'promotion.text',
    key: (delivery) => delivery,
    load: async (tx, deliveries) => {
      const texts = await queries.texts(tx, deliveries);
      return deliveries.map((delivery) => texts.get(delivery) ?? null);
    },
  };
}
