import fc from 'fast-check';
import { isMetadataTable, normalDatasetName, datasetOfLocation } from './dataset-name.js';
import { eventMicros } from './event-time.js';
import { parseRunEvent } from './run-event.js';
import { bounded, nodeId, urn } from './urn.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const minimal = '{"run":{"runId":"r"},"job":{"namespace":"n","name":"j"}';

describe('parseRunEvent', () => {
  it('keeps a 63-bit version that came as a number, digit by digit', () => {
    const event = parseRunEvent(
      bytes(
        `${minimal},"inputs":[{"namespace":"file","name":"/t","facets":{"version":{"datasetVersion":7501316825181590422}}}]}`,
      ),
    );
    expect(event?.inputs[0]?.version).toBe('7501316825181590422');
  });

  it('reads an event from which everything optional is missing', () => {
    expect(parseRunEvent(bytes(`${minimal}}`))).toMatchObject({
      runId: 'r',
      eventType: 'OTHER',
      at: null,
      inputs: [],
      outputs: [],
      trackingRunId: null,
    });
  });

  it('finds a captured tracking run under any of its facets, whatever other facets there are', () => {
    const facets = (text: string): string | null | undefined =>
      parseRunEvent(
        bytes(`{"run":{"runId":"r","facets":${text}},"job":{"namespace":"n","name":"j"}}`),
      )?.trackingRunId;
    expect(facets('{"spark_properties":{"properties":{"spark.mlflow.runId":"a"}}}')).toBe('a');
    expect(
      facets('{"environment-properties":{"environment-properties":{"MLFLOW_RUN_ID":"b"}}}'),
    ).toBe('b');
    expect(
      facets(
        '{"environmentVariables":{"environmentVariables":[{"name":"MLFLOW_RUN_ID","value":"c"}]}}',
      ),
    ).toBe('c');
    expect(facets('{"spark.exception":{"message":"x"},"constructor":{"run":1}}')).toBeNull();
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json().map(bytes), fc.uint8Array()), (input) => {
        parseRunEvent(input);
      }),
    );
  });
});

describe('eventMicros', () => {
  it.each([
    ['2026-11-21T08:08:53.426Z', 1_795_248_533_426_000],
    ['2026-11-21T08:08:53.49Z', 1_795_248_533_490_000],
    ['2026-11-21T08:08:53Z', 1_795_248_533_000_000],
    ['2026-11-21T08:08:53.426123789Z', 1_795_248_533_426_123],
    ['2026-11-21T09:08:53.426+01:00', 1_795_248_533_426_000],
    ['2026-11-21 08:08:53.426', 1_795_248_533_426_000],
  ])('reads %s', (text, micros) => {
    expect(eventMicros(text)).toBe(micros);
  });

  it.each(['', 'yesterday', '2026-13-41T08:00:00Z', '2026-11-21'])('refuses %p', (text) => {
    expect(eventMicros(text)).toBeNull();
  });
});

describe('dataset names', () => {
  it.each([
    ['s3a://Bucket/', '/a/b/', 's3://bucket', '/a/b'],
    ['abfs://c@acc.dfs.core.windows.net', 'x', 'abfss://c@acc.dfs.core.windows.net', 'x'],
    ['file', '/data/t', 'file', '/data/t'],
    ['file:', '/data/t', 'file', '/data/t'],
    ['bigquery', 'p.d.t', 'bigquery', 'p.d.t'],
  ])('spells %s %s as %s %s', (namespace, name, wanted, wantedName) => {
    expect(normalDatasetName(namespace, name)).toEqual({ namespace: wanted, name: wantedName });
  });

  it.each([
    ['/data/t', 'file', '/data/t'],
    ['file:/data/t', 'file', '/data/t'],
    ['file:///data/t', 'file', '/data/t'],
    ['s3://bucket/key/part', 's3://bucket', 'key/part'],
    ['hdfs://nn:8020/warehouse/t', 'hdfs://nn:8020', '/warehouse/t'],
  ])('finds the dataset of the location %s', (location, namespace, name) => {
    expect(datasetOfLocation(location)).toEqual({ namespace, name });
  });

  it.each([
    ['bank.cc_features.snapshots', '/lake/bank/cc_features', true],
    ['bank.files', '/lake/bank/files', false],
    ['bank.files.files', '/lake/bank/files', true],
    ['db.snapshots', '/elsewhere/7f3a', false],
    ['bank.cc_features.history', '/elsewhere/7f3a', true],
    ['bank.cc_features', '/lake/bank/cc_features', false],
  ])('%s on %s is a metadata table: %p', (symlink, path, metadata) => {
    expect(isMetadataTable(symlink, path)).toBe(metadata);
  });
});

describe('urn', () => {
  it('gives different things different names, of a length that an index can hold', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        (a, b) => {
          expect(urn('k', ...a) === urn('k', ...b)).toBe(a[0] === b[0] && a[1] === b[1]);
        },
      ),
    );
    expect(urn('k', 'x'.repeat(100_000)).length).toBeLessThan(500);
    expect(urn('k', 'x'.repeat(100_000))).not.toBe(urn('k', 'x'.repeat(100_001)));
    expect(() => encodeURIComponent(bounded('😀'.repeat(600)))).not.toThrow();
  });

  it('gives each tenant ids of its own, and always the same ones', () => {
    const id = nodeId('5e0b9a52-0000-4000-8000-000000000001', 'dataset/file/t');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(nodeId('5e0b9a52-0000-4000-8000-000000000001', 'dataset/file/t')).toBe(id);
    expect(nodeId('5e0b9a52-0000-4000-8000-000000000002', 'dataset/file/t')).not.toBe(id);
  });
});
