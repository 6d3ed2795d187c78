import type { EntryDraft } from '@countersign/events';
import type { TenantId } from '@countersign/kernel';
import { lineageProjector } from './projection/lineage.projector.js';
import { LineageFixture } from './testing/lineage-fixture.js';
import {
  runEventDraft,
  runObserved,
  versionCreated,
  versionObserved,
  type RunAnswer,
} from './testing/sessions.js';
import { eventBytes, type ToldEvent } from './testing/story.js';
import { wholeGraph } from './testing/whole-graph.js';

const NOW = new Date('2026-11-21T08:00:50.000Z');
const MINUTE = Date.parse('2026-11-21T08:00:00.000Z');
const RUN = 'a18f88cbfff54c62b6300adeb987ea49';
const RUN_UUID = 'a18f88cb-fff5-4c62-b630-0adeb987ea49';

let deliveries = 0;

/** One read of a table at a version by a job that writes nothing. */
function reads(table: string, version: string, told: Partial<ToldEvent> = {}): EntryDraft {
  const name = `/lake/bank/${table}`;
  const input = { name, version, symlink: `bank.${table}`, scanned: Number(version) };
  const run = `reader-${++deliveries}`;
  return event({ type: 'COMPLETE', at: 30, run, job: 'columnar_to_row', inputs: [input], ...told });
}

function event(told: ToldEvent): EntryDraft {
  return runEventDraft(eventBytes(told), NOW, `event-${++deliveries}`);
}

interface Logged {
  readonly table: string;
  readonly context: string | null;
}

function training(
  logged: readonly Logged[],
  tags: Readonly<Record<string, string>> = {},
  models: readonly string[] = [],
): EntryDraft {
  const answer: RunAnswer = {
    info: { run_id: RUN, start_time: MINUTE + 20_000, end_time: MINUTE + 40_000 },
    data: { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) },
    inputs: {
      dataset_inputs: logged.map(({ table, context }) => ({
        tags: context === null ? [] : [{ key: 'mlflow.data.context', value: context }],
        dataset: {
          name: 'dataset',
          digest: '1339e2f6',
          source_type: 'spark',
          source: JSON.stringify({ table_name: `lake.bank.${table}` }),
        },
      })),
    },
    outputs: { model_outputs: models.map((model_id) => ({ model_id })) },
  };
  return runObserved(answer, NOW, `:${++deliveries}`);
}

describe('a training run', () => {
  let fixture: LineageFixture;

  beforeAll(async () => {
    fixture = await LineageFixture.open();
  });
  afterAll(() => fixture.end());

  async function projected(drafts: readonly EntryDraft[]): Promise<TenantId> {
    const tenantId = await fixture.tenant(drafts);
    await fixture.project(tenantId, lineageProjector);
    return tenantId;
  }

  /** The edges into the training run: `trx@1 training OBSERVED`. */
  async function inputsAfter(drafts: readonly EntryDraft[]): Promise<string[]> {
    const { nodes, edges } = await wholeGraph(fixture, await projected(drafts));
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const run = nodes.find((node) => node.attributes['trackingRunId'] === RUN);
    return edges
      .filter((edge) => edge.to === run?.id)
      .map((edge) => {
        const from = byId.get(edge.from);
        const name = from?.name.split('/').at(-1) ?? '';
        const version = from?.version === null ? '' : `@${from?.version ?? ''}`;
        return `${name}${version} ${edge.role ?? '-'} ${edge.binding}`;
      })
      .sort();
  }

  const trainAndTest: readonly Logged[] = [
    { table: 'trx', context: 'training' },
    { table: 'held', context: 'testing' },
  ];
  const observed = ['held@7 evaluation OBSERVED', 'trx@1 training OBSERVED'];

  it.each<[string, Partial<ToldEvent>, Record<string, string>]>([
    ['its id, captured by the session', { trackingRun: RUN }, {}],
    ['its parent run', { parent: RUN_UUID }, {}],
    ['its root run', { root: RUN_UUID }, {}],
    ['the application that it names', { application: 'app-1' }, { 'spark.applicationId': 'app-1' }],
  ])('is joined to reads by %s, before or after it was seen', async (_by, told, tags) => {
    const drafts = [
      reads('trx', '1', told),
      reads('held', '7', told),
      training(trainAndTest, tags),
    ];
    expect(await inputsAfter(drafts)).toEqual(observed);
    expect(await inputsAfter([...drafts].reverse())).toEqual(observed);
  });

  it('is not joined to the reads of another run, whatever the times say', async () => {
    const told = { trackingRun: 'ffffffffffffffffffffffffffffffff' };
    const tags = { iceberg_snapshot_id: '1' };
    expect(
      await inputsAfter([
        reads('trx', '2'),
        reads('trx', '1', told),
        reads('held', '7', told),
        training(trainAndTest, tags),
      ]),
    ).toEqual(['held evaluation WEAK', 'trx@1 training INFERRED']);
  });

  it('is joined by guess only inside of its time, and only where the snapshot tag agrees', async () => {
    const tags = { iceberg_snapshot_id: '1' };
    const guess = ['held@7 evaluation INFERRED', 'trx@1 training INFERRED'];
    expect(
      await inputsAfter([reads('trx', '1'), reads('held', '7'), training(trainAndTest, tags)]),
    ).toEqual(guess);
    const late = { at: 45 };
    expect(
      await inputsAfter([
        reads('trx', '1', late),
        reads('held', '7', late),
        training(trainAndTest, tags),
      ]),
    ).toEqual(['held evaluation WEAK', 'trx@1 training INFERRED']);
    expect(
      await inputsAfter([reads('trx', '1'), reads('held', '7'), training(trainAndTest)]),
    ).toEqual(['held evaluation WEAK', 'trx training WEAK']);
  });

  it('never takes the version of one role for the other', async () => {
    const same: readonly Logged[] = [
      { table: 'trx', context: 'training' },
      { table: 'trx', context: 'evaluation' },
    ];
    const told = { trackingRun: RUN };
    const both = [reads('trx', '1', told), reads('trx', '2', told)];
    expect(await inputsAfter([...both, training(same)])).toEqual([
      'trx evaluation WEAK',
      'trx training WEAK',
    ]);
    expect(await inputsAfter([...both, training(same, { iceberg_snapshot_id: '2' })])).toEqual([
      'trx@1 evaluation INFERRED',
      'trx@2 training OBSERVED',
    ]);
  });

  it('gives a context that it does not know no role', async () => {
    const logged = [{ table: 'trx', context: 'exploration' }];
    expect(await inputsAfter([reads('trx', '1', { trackingRun: RUN }), training(logged)])).toEqual([
      'trx@1 - OBSERVED',
    ]);
  });

  it('has read what its session took into memory without logging it', async () => {
    expect(await inputsAfter([reads('trx', '1', { trackingRun: RUN }), training([])])).toEqual([
      'trx@1 - OBSERVED',
    ]);
  });

  it('names data that no lineage event knows, until one does', async () => {
    const logged = [{ table: 'trx', context: 'training' }];
    expect(await inputsAfter([training(logged)])).toEqual(['lake.bank.trx training UNKNOWN']);
    expect(await inputsAfter([training(logged), reads('trx', '1', { at: 5 })])).toEqual([
      'trx training WEAK',
    ]);
  });

  it('takes a table name that two warehouses have for none of them', async () => {
    const other = {
      inputs: [{ name: '/other/bank/trx', version: '9', symlink: 'bank.trx' }],
      at: 5,
    };
    const logged = [{ table: 'trx', context: 'training' }];
    expect(
      await inputsAfter([reads('trx', '1', { at: 5 }), reads('trx', '9', other), training(logged)]),
    ).toEqual(['lake.bank.trx training UNKNOWN']);
  });
});

describe('a model version', () => {
  let fixture: LineageFixture;
  const m = (version: string, source: string, run_id: string | null) => ({
    name: 'fraud',
    version,
    source,
    run_id,
  });

  beforeAll(async () => {
    fixture = await LineageFixture.open();
  });
  afterAll(() => fixture.end());

  async function origins(drafts: readonly EntryDraft[]): Promise<string[]> {
    const tenantId = await fixture.tenant(drafts);
    await fixture.project(tenantId, lineageProjector);
    const { nodes, edges } = await wholeGraph(fixture, tenantId);
    const name = new Map(nodes.map((node) => [node.id, `${node.name}/${node.version ?? ''}`]));
    return edges.map((e) => `${name.get(e.from) ?? ''} ${e.kind} ${name.get(e.to) ?? ''}`).sort();
  }

  const produced = [`${RUN}/ PRODUCED fraud/1`];

  it('comes from the run that its registry names, though its webhook named none', async () => {
    const said = [
      versionCreated(m('1', 'models:/m-1', null), NOW),
      versionObserved(m('1', 'models:/m-1', RUN), NOW),
    ];
    expect(await origins(said)).toEqual(produced);
    expect(await origins([...said].reverse())).toEqual(produced);
  });

  it('comes from the run in its source, or from the run that logged the model', async () => {
    expect(await origins([versionCreated(m('1', `runs:/${RUN}/model`, null), NOW)])).toEqual(
      produced,
    );
    const logged = [versionCreated(m('1', 'models:/m-1', null), NOW), training([], {}, ['m-1'])];
    expect(await origins(logged)).toEqual(produced);
    expect(await origins([...logged].reverse())).toEqual(produced);
  });

  it('that was made again under an old number keeps nothing of the old one', async () => {
    const again = { ...versionCreated(m('1', 'models:/m-2', null), NOW), delivery: 'again' };
    expect(await origins([versionObserved(m('1', 'models:/m-1', RUN), NOW), again])).toEqual([]);
  });

  it('that was copied comes from the version it was copied from', async () => {
    expect(await origins([versionCreated(m('2', 'models:/fraud/1', null), NOW)])).toEqual([
      'fraud/1 DERIVED fraud/2',
    ]);
  });
});

describe('a late event', () => {
  let fixture: LineageFixture;

  beforeAll(async () => {
    fixture = await LineageFixture.open();
  });
  afterAll(() => fixture.end());

  const wrote = (run: string, at: number, input: string): EntryDraft =>
    event({
      type: 'COMPLETE',
      run,
      at,
      inputs: [{ name: `/lake/${input}` }],
      outputs: [{ name: '/lake/out', version: '1', layer: 'iceberg' }],
    });

  it('corrects who wrote a version; the answer as of before it stays what it was', async () => {
    const tenantId = await fixture.tenant([
      wrote('later', 20, 'wrong'),
      wrote('first', 10, 'right'),
    ]);
    await fixture.project(tenantId, lineageProjector);
    const sourcesAt = (knownAtSequence: bigint): Promise<string[]> =>
      fixture.read(tenantId, async (tx) => {
        const { edges } = await fixture.queries.nodes(tx, { kind: 'DATASET_VERSION' }, {});
        const { nodes } = await fixture.queries.lineage(tx, {
          root: edges[0]?.node.id ?? '',
          direction: 'UPSTREAM',
          knownAtSequence,
        });
        return nodes.filter((node) => node.kind === 'DATASET').map((node) => node.name);
      });
    expect(await sourcesAt(0n)).toEqual(['/lake/wrong']);
    expect(await sourcesAt(1n)).toEqual(['/lake/right']);
  });

  it('shows a burst of appends that all state one version as a weak statement', async () => {
    const append = (run: string, at: number): EntryDraft =>
      event({
        type: 'COMPLETE',
        run,
        at,
        job: 'append_data.out',
        inputs: [{ name: `/lake/${run}.csv` }],
        outputs: [{ name: '/lake/out', version: '5', layer: 'iceberg' }],
      });
    const tenantId = await fixture.tenant([append('a', 1), append('b', 2), append('c', 3)]);
    await fixture.project(tenantId, lineageProjector);
    const { edges } = await wholeGraph(fixture, tenantId);
    expect(edges.map((edge) => [edge.kind, edge.binding, edge.sequence])).toEqual([
      ['READ', 'UNKNOWN', 0n],
      ['WROTE', 'WEAK', 1n],
    ]);
  });

  it('without readable bytes adds nothing and stops nothing', async () => {
    const good = wrote('first', 10, 'right');
    const bad: EntryDraft = {
      ...good,
      delivery: 'unreadable',
      evidence: { bytes: Buffer.from('{"run":'), mediaType: 'application/json' },
    };
    const { evidence: _erased, ...without } = { ...good, delivery: 'without' };
    const tenantId = await fixture.tenant([bad, without, good]);
    await fixture.project(tenantId, lineageProjector);
    expect((await wholeGraph(fixture, tenantId)).edges).toHaveLength(2);
  });
});
