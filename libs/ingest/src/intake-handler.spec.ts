import fc from 'fast-check';
import type { Principal } from '@countersign/identity';
import { createIngestRig, type IngestRig } from '../../../test/support/ingest-rig.js';
import type { IntakeRecord, TopicBinding } from './event-intake.js';
import { IntakeHandler, type HandledBatch } from './intake-handler.js';

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const mlflow = (version: number): Uint8Array =>
  utf8(
    JSON.stringify({
      entity: 'model_version_alias',
      action: 'created',
      data: { name: 'm', alias: 'champion', version: String(version) },
    }),
  );
const record = (
  offset: number,
  value: Uint8Array | null,
  headers: Record<string, string> = {},
): IntakeRecord => ({
  offset: BigInt(offset),
  value,
  headers: new Map(Object.entries(headers).map(([name, text]) => [name, utf8(text)])),
});

describe('IntakeHandler', () => {
  let rig: IngestRig;
  let handler: IntakeHandler;
  beforeAll(async () => {
    rig = await createIngestRig();
    handler = new IntakeHandler({
      database: rig.test.database,
      recorder: rig.ingest.recorder,
      sources: rig.sources,
      now: () => rig.clock.now(),
    });
  });
  afterAll(() => rig.close());

  const bind = async (
    kind: 'MLFLOW' | 'CLOUDEVENTS',
    topic = 'events',
  ): Promise<{ principal: Principal; binding: TopicBinding }> => {
    const principal = await rig.tenant();
    const { source } = await rig.sources.create(principal, { kind, name: 'stream', topic });
    return { principal, binding: { topic, tenantId: principal.tenantId, sourceId: source.id } };
  };
  const handle = (
    binding: TopicBinding,
    records: IntakeRecord[],
    options: { partition?: number; highWatermark?: bigint } = {},
  ): Promise<HandledBatch> =>
    handler.handle(binding, {
      topic: binding.topic,
      partition: options.partition ?? 0,
      records,
      highWatermark: options.highWatermark ?? 1_000_000n,
    });
  const recorded = async (principal: Principal) =>
    (await rig.entries(principal.tenantId)).filter(({ type }) => type !== 'source.created');

  it('records a batch and its next offset together', async () => {
    const { binding, principal } = await bind('MLFLOW');
    const records = [record(0, mlflow(1)), record(1, mlflow(2)), record(5, mlflow(3))];
    expect((await handle(binding, records)).nextOffset).toBe(6n);
    expect(await handler.storedOffsets(binding)).toEqual(new Map([[0, 6n]]));
    const entries = await recorded(principal);
    expect(entries.map(({ delivery }) => delivery)).toEqual(
      ['0', '1', '5'].map((offset) => `kafka:events/0/${offset}`),
    );
    expect(entries[0]).toMatchObject({
      source: 'mlflow/stream',
      basis: 'reported',
      type: 'model_alias.set',
    });
    expect(Buffer.compare(entries[0]!.evidence!.bytes, mlflow(1))).toBe(0);
  });

  it('rolls both back when the transaction fails, and records them the next time', async () => {
    const { binding, principal } = await bind('MLFLOW');
    const failing = new IntakeHandler({
      database: rig.test.database,
      sources: rig.sources,
      now: () => rig.clock.now(),
      recorder: Object.assign(Object.create(rig.ingest.recorder) as typeof rig.ingest.recorder, {
        recordInTx: async (...args: Parameters<typeof rig.ingest.recorder.recordInTx>) => {
          await rig.ingest.recorder.recordInTx(...args);
          throw new Error('the connection broke before commit');
        },
      }),
    });
    const batch = {
      topic: 'events',
      partition: 0,
      records: [record(0, mlflow(1))],
      highWatermark: 1n,
    };
    await expect(failing.handle(binding, batch)).rejects.toThrow('before commit');
    expect(await recorded(principal)).toHaveLength(0);
    expect(await handler.storedOffsets(binding)).toEqual(new Map());
    await handler.handle(binding, batch);
    expect(await recorded(principal)).toHaveLength(1);
  });

  it('keeps tombstones and poison in quarantine and goes on', async () => {
    const { binding, principal } = await bind('MLFLOW');
    const poison = Buffer.from([0xff, 0xfe]);
    const { recorded: outcomes } = await handle(binding, [
      record(0, null),
      record(1, poison),
      record(2, utf8('')),
      record(3, mlflow(1)),
    ]);
    expect(
      outcomes.map((outcome) => (outcome.kind === 'quarantined' ? outcome.reason : outcome.kind)),
    ).toEqual(['TOMBSTONE', 'NOT_STRICT_JSON', 'NOT_STRICT_JSON', 'accepted']);
    const entries = await recorded(principal);
    expect(Buffer.compare(entries[1]!.evidence!.bytes, poison)).toBe(0);
  });

  it('reads CloudEvents in binary and structured mode, and knows one event in both', async () => {
    const { binding, principal } = await bind('CLOUDEVENTS');
    const data = { name: 'm', alias: 'champion', version: '1' };
    const attributes = {
      specversion: '1.0',
      id: '7',
      source: '/r',
      type: 'countersign.model_alias.set',
    };
    const binary = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]),
    );
    const { recorded: outcomes } = await handle(binding, [
      record(0, utf8(JSON.stringify(data)), { ...binary, 'content-type': 'application/json' }),
      record(1, utf8(JSON.stringify({ ...attributes, id: '8', data })), {
        'content-type': 'application/cloudevents+json',
      }),
      record(2, utf8(JSON.stringify({ ...attributes, id: '8', data })), {
        'content-type': 'application/cloudevents+json',
      }),
      record(3, utf8('{}')),
      record(4, null, binary),
    ]);
    expect(outcomes).toMatchObject([
      { kind: 'accepted', duplicate: false },
      { kind: 'accepted', duplicate: false },
      { kind: 'accepted', duplicate: true },
      { kind: 'quarantined', reason: 'NOT_A_CLOUDEVENT' },
      { kind: 'quarantined', reason: 'TOMBSTONE' },
    ]);
    const entries = await recorded(principal);
    expect(entries.slice(0, 2).map(({ delivery }) => delivery)).toEqual(['ce:%2Fr:7', 'ce:%2Fr:8']);
    expect(entries[0]).toMatchObject({ source: 'cloudevents/stream', payload: { data } });
  });

  it('says that a topic was made again instead of skipping its messages', async () => {
    const { binding } = await bind('MLFLOW');
    await handle(binding, [record(0, mlflow(1)), record(1, mlflow(2)), record(2, mlflow(3))]);
    await expect(
      handle(binding, [record(0, mlflow(9))], { highWatermark: 1n }),
    ).rejects.toMatchObject({ code: 'OFFSET_BEYOND_END' });
  });

  it('lets two consumers of one partition record each message once', async () => {
    const { binding, principal } = await bind('MLFLOW');
    const records = Array.from({ length: 40 }, (_, at) => record(at, mlflow(at)));
    await Promise.all([40, 10, 25, 40, 33].map((end) => handle(binding, records.slice(0, end))));
    expect((await recorded(principal)).map(({ delivery }) => delivery)).toEqual(
      records.map(({ offset }) => `kafka:events/0/${offset}`),
    );
  });

  /** A delivery pattern as a broker may produce it: runs of consecutive offsets, going on or falling back. */
  const pattern = fc.array(fc.record({ back: fc.nat(6), length: fc.integer({ min: 1, max: 8 }) }), {
    minLength: 1,
    maxLength: 8,
  });
  const play = async (
    runs: readonly { back: number; length: number }[],
    deliver: (binding: TopicBinding, records: IntakeRecord[]) => Promise<unknown>,
  ): Promise<{ offsets: bigint[]; end: number }> => {
    const { binding, principal } = await bind('CLOUDEVENTS');
    let end = 0;
    for (const { back, length } of runs) {
      const from = Math.max(0, end - back);
      // Poison on purpose: its key is the offset, so that nothing but the offset tells one from another.
      await deliver(
        binding,
        Array.from({ length }, (_, at) => record(from + at, utf8(`poison ${(from + at) % 3}`))),
      );
      end = Math.max(end, from + length);
    }
    const entries = await recorded(principal);
    return { offsets: entries.map(({ delivery }) => BigInt(delivery.split('/').at(-1)!)), end };
  };

  it('records each message once and in order, whatever is delivered again', async () => {
    await fc.assert(
      fc.asyncProperty(pattern, async (runs) => {
        const { end, offsets } = await play(runs, handle);
        expect(offsets).toEqual(Array.from({ length: end }, (_, at) => BigInt(at)));
      }),
      { numRuns: 15 },
    );
  });

  it('mutant: skipping one offset too many is noticed', async () => {
    // Skips by one offset too many: `offset > stored` instead of `>=`.
    const skipping = (binding: TopicBinding, records: IntakeRecord[]) =>
      handler.storedOffsets(binding).then((stored) =>
        handle(
          binding,
          records.filter(({ offset }) => offset !== (stored.get(0) ?? -1n)),
        ),
      );
    const { end, offsets } = await play(
      [
        { back: 0, length: 3 },
        { back: 0, length: 3 },
      ],
      skipping,
    );
    expect(offsets).not.toEqual(Array.from({ length: end }, (_, at) => BigInt(at)));
  });
});
