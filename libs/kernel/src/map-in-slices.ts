/** About a millisecond of preparing entries. */
const SLICE = 32;

/**
 * `items.map(work)` that lets everything else of this process have its turn after each slice, so that a large batch
 * keeps nobody waiting: neither who asks for something small, nor the answer of the database to another batch. The
 * results are in the order of the items. What `work` throws ends it.
 */
export async function mapInSlices<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Result,
  slice = SLICE,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % slice === 0) await new Promise(setImmediate);
    results.push(work(item));
  }
  return results;
}
