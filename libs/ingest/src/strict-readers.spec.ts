import {
  IMPLEMENTATION_DEFINED,
  MUST_ACCEPT,
  MUST_REFUSE,
} from '../../../test/support/json-corpus.js';
import type { Reading } from './reading.js';
import { readEnvelope } from './sources/cloudevents/envelope.js';
import { readMlflow } from './sources/mlflow/read-mlflow.js';
import { readOpenLineage } from './sources/openlineage/read-open-lineage.js';

const receivedAt = new Date('2026-11-21T12:00:00Z');

/** Webhooks, Kafka records, CloudEvents and OpenLineage events all go through one of these. */
const readers: [string, (bytes: Uint8Array) => Reading][] = [
  ['MLflow', (bytes) => readMlflow({ bytes, receivedAt, sourceId: 'x' })],
  ['OpenLineage', (bytes) => readOpenLineage({ bytes, receivedAt }).reading],
  [
    'CloudEvents',
    (bytes) => {
      const read = readEnvelope(bytes);
      return read.ok ? { ok: true, events: [] } : read.problem;
    },
  ],
  [
    'the data of a CloudEvent',
    (bytes) => {
      const head = '{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"';
      const read = readEnvelope(Buffer.from(`${head}${Buffer.from(bytes).toString('base64')}"}`));
      return read.ok ? { ok: true, events: [] } : read.problem;
    },
  ],
];

/** OpenLineage producers write keys twice, equal, and nest deeper: see OPEN_LINEAGE_LIMITS. */
const LINEAGE_TAKES = ['{"a":1,"a":1}', '[{"x":{"":0,"":0}}]', '{"a":{},"b":1,"a":{}}'];

describe.each(readers)('the reader of %s', (reader, read) => {
  const strict = (bytes: Uint8Array): boolean => {
    const reading = read(bytes);
    return reading.ok || reading.reason !== 'NOT_STRICT_JSON';
  };
  it('refuses what the strict reader refuses', () => {
    const taken = [...MUST_REFUSE, ...IMPLEMENTATION_DEFINED]
      .filter(([, bytes]) => bytes.length > 0 && strict(bytes))
      .map(([name]) => name);
    const known = LINEAGE_TAKES.map((text) => JSON.stringify(text));
    expect(taken).toEqual(reader === 'OpenLineage' ? known : []);
  });
  it('and nothing else for its JSON', () => {
    expect(MUST_ACCEPT.filter(([, bytes]) => !strict(bytes))).toEqual([]);
  });
});
