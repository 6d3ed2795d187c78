import { OPEN_LINEAGE_LIMITS, parseStrictJson } from '@countersign/chain';
import { listAt, textAt, valueAt } from './json-reading.js';
import type { DatasetName } from './node-ref.js';
import { readMention, type DatasetMention } from './run-event.js';

/** What a DatasetEvent or JobEvent names. It states that things exist, never that data flowed. */
export interface StaticEvent {
  readonly job: DatasetName | null;
  readonly datasets: readonly DatasetMention[];
}

/** Reads the bytes of a DatasetEvent or JobEvent. Null when they are no JSON. Never throws. */
export function parseStaticEvent(bytes: Uint8Array): StaticEvent | null {
  const parsed = parseStrictJson(bytes, OPEN_LINEAGE_LIMITS);
  if (!parsed.ok) return null;
  const event = parsed.value;
  const job = textAt(event, 'job', 'name');
  const own = valueAt(event, 'dataset');
  const items = [
    ...(own === undefined ? [] : [own]),
    ...listAt(event, 'inputs'),
    ...listAt(event, 'outputs'),
  ];
  return {
    job: job === null ? null : { namespace: textAt(event, 'job', 'namespace') ?? '', name: job },
    datasets: items.flatMap((item) => {
      const mention = readMention(item, 'inputFacets');
      return mention === null ? [] : [mention];
    }),
  };
}
