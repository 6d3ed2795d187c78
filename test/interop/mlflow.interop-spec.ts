import { Cleanup } from './support/cleanup.js';
import { Installation } from './support/installation.js';
import {
  deliveryOf,
  doubled,
  evidenceOf,
  readLedger,
  verifyLedger,
  type LedgerEntry,
} from './support/ledger.js';
import { mirrorState } from './support/mirror.js';
import {
  EVENT_KINDS,
  eventOf,
  Listener,
  sendExamples,
  serverState,
  subscribe,
} from './support/mlflow-server.js';
import type { Answer, Person } from './support/person.js';
import { promote } from './support/promotions.js';
import { PythonClient, trainSession } from './support/python-client.js';
import { verifyOverApi } from './support/python-verifier.js';
import { mlflow } from './support/rigs.js';
import { until } from './support/until.js';

const SOURCE = 'mlflow/registry';
const MODEL = 'credit-scorer';

/** Events that the operations of tools/rigs/train_session.py make, by kind; two sessions, one with nine versions more. */
const MADE = {
  'registered_model.created': 2 * 3,
  'model_version.created': 2 * 8 + 9,
  'model_version_tag.set': 2 * 3,
  'model_version_tag.deleted': 2 * 2,
  'model_version_alias.created': 2 * 5,
  'model_version_alias.deleted': 2 * 2,
  'prompt.created': 2,
  'prompt_version.created': 2 * 3,
  'prompt_tag.deleted': 2,
  'prompt_version_tag.set': 2,
  'prompt_version_tag.deleted': 2,
  'prompt_alias.created': 2 * 2,
  'prompt_alias.deleted': 2,
};

(mlflow === undefined ? describe.skip : describe)('a real MLflow server', () => {
  const cleanup = new Cleanup();
  let installation: Installation;
  let listener: Listener;
  let client: PythonClient;
  let operations: { op: string; error?: string }[];
  let ana: Person;

  beforeAll(async () => {
    installation = cleanup.add(await Installation.create('mlflow-registry'), (it) => it.close());
    await installation.start();
    ana = installation.person('ana@acme');
    const { createSource } = await installation
      .person('tara@acme')
      .ask(
        'mutation ($input: CreateSourceInput!) { createSource(input: $input) { secret source { webhookUrl } } }',
        { input: { kind: 'MLFLOW', name: 'registry', baseUrl: mlflow?.url } },
      );
    const { secret, source } = createSource;
    const hook = await subscribe('countersign', source.webhookUrl, secret);
    await sendExamples(hook);
    listener = cleanup.add(await Listener.start(), (it) => {
      it.stop();
    });
    await subscribe('listener', listener.url, 'another secret, of the listener');
    operations = [
      ...(await trainSession('--prefix', 'credit')),
      ...(await trainSession('--prefix', 'loan', '--unusual')),
    ];
    client = cleanup.add(await PythonClient.start(), (it) => it.stop());
    await until(
      'the events of the sessions',
      async () => ({ told: listener.bodies.length, recorded: (await told()).length }),
      (seen) => seen.told === seen.recorded && seen.told >= sum(Object.values(MADE)),
    );
  });
  afterAll(() => cleanup.run());

  const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
  const entriesOf = async (...types: string[]): Promise<LedgerEntry[]> =>
    (await readLedger(ana)).entries.filter(
      (entry) => entry.source === SOURCE && (types.length === 0 || types.includes(entry.type)),
    );
  /** What the server told the ledger about, without the examples of its test button. */
  async function told(): Promise<LedgerEntry[]> {
    const entries = await entriesOf();
    return entries.filter(
      ({ basis, type }) => basis === 'SIGNED' && type !== 'source.test_received',
    );
  }

  it('sent an example of each of the 15 kinds, and they were taken as examples', async () => {
    const examples = await entriesOf('source.test_received');
    expect(examples.map((entry) => entry.payload.data['kind'])).toEqual(
      EVENT_KINDS.map((kind) => kind.join('.')),
    );
  });

  it('refused nothing of the sessions, and told what they did', () => {
    expect(operations.filter(({ error }) => error !== undefined)).toEqual([]);
    const kinds = listener.bodies.map((body) => {
      const { action, entity } = JSON.parse(body) as { entity: string; action: string };
      return `${entity}.${action}`;
    });
    const counts = Object.fromEntries(
      Object.keys(MADE).map((kind) => [kind, kinds.filter((one) => one === kind).length]),
    );
    expect(counts).toEqual(MADE);
  });

  it('has each of its events in the ledger once, as it was sent', async () => {
    const recorded = await told();
    expect(doubled(recorded.map(deliveryOf))).toEqual([]);
    const events = recorded.map((entry) => eventOf(evidenceOf(entry).toString('utf8')));
    expect(events.sort()).toEqual(listener.bodies.map(eventOf).sort());
    const { quarantine } = await ana.ask('{ quarantine(first: 10) { nodes { reason detail } } }');
    expect(quarantine.nodes).toEqual([]);
  });

  it('agrees with the mirror on models, versions, tags, aliases, sources and runs', async () => {
    const server = await serverState();
    expect(Object.keys(server)).toHaveLength(4);
    const mirror = await until(
      'the mirror to show what the server shows',
      () => mirrorState(ana, SOURCE),
      (state) => Object.entries(server).every(([name, model]) => same(state[name], model)),
    ).catch(() => mirrorState(ana, SOURCE));
    for (const [name, model] of Object.entries(server)) {
      expect({ [name]: mirror[name] }).toEqual({ [name]: model });
    }
    // A rename is told to nobody: what was renamed away is still known under its old name.
    expect(Object.keys(mirror).filter((name) => !(name in server))).toEqual(
      expect.arrayContaining(['credit-wine-grader', "loan d'Øl & Co. – v2 (β)"]),
    );
  });

  it('is read back: the run of each version, with its parameters and data sets', async () => {
    const runs = await entriesOf('run.observed');
    const contexts = runs.flatMap(({ payload }) =>
      payload.data['datasetInputs'].map((input: Answer) => input.context),
    );
    expect(new Set(contexts)).toEqual(new Set(['training', 'testing']));
    const { modelVersion } = await until(
      'the lineage of version 1',
      () =>
        ana.ask(
          '{ modelVersion(model: "credit-scorer", version: "1") { runId lineage(direction: UPSTREAM) { nodes { kind name } } } }',
        ),
      (found) => found.modelVersion.lineage.nodes.length > 2,
    );
    expect(modelVersion.runId).toMatch(/^[0-9a-f]{32}$/);
    const names = modelVersion.lineage.nodes.map((node: Answer) => node.name).join(' ');
    expect(names).toContain('applications');
  });

  describe('with its model under the policy', () => {
    const people = (): Parameters<typeof promote>[0] => ({
      owner: installation.person('mona@acme'),
      approvers: [installation.person('abel@acme'), installation.person('beth@acme')],
    });
    const drifts = async (type: string): Promise<Answer[]> => {
      const { entries } = await ana.ask(
        'query ($types: [String!]) { entries(filter: { types: $types }, first: 10) { nodes { payload } } }',
        { types: [type] },
      );
      return entries.nodes.map((entry: Answer) => entry.payload.data);
    };

    beforeAll(async () => {
      const { governModel } = await installation
        .person('mona@acme')
        .ask(`mutation { governModel(input: { model: "${MODEL}" }) { __typename } }`);
      expect(governModel.__typename).not.toMatch(/Refused|Denied/);
    });

    it('has an alias moved by an approved promotion, which its own client sees', async () => {
      expect(await client.call('get_model_version_by_alias', MODEL, 'champion')).toMatchObject({
        version: '2',
      });
      await promote(people(), { model: MODEL, version: '1', target: 'alias:champion' });
      expect(await client.call('get_model_version_by_alias', MODEL, 'champion')).toMatchObject({
        version: '1',
      });
      const moves = await entriesOf('model_alias.set');
      expect(moves.at(-1)).toMatchObject({
        basis: 'SIGNED',
        payload: { data: { name: MODEL, alias: 'champion', version: '1' } },
      });
    });

    it('has a version moved to a stage by an approved promotion, which its own client sees', async () => {
      const before = await client.call('get_model_version', MODEL, '2');
      expect(before.current_stage).toBe('Production');
      await promote(people(), { model: MODEL, version: '2', target: 'stage:Staging' });
      const after = await client.call('get_model_version', MODEL, '2');
      expect(after.current_stage).toBe('Staging');
      const { modelVersion } = await ana.ask(
        `{ modelVersion(model: "${MODEL}", version: "2") { stage } }`,
      );
      expect(modelVersion.stage).toBe('Staging');
    });

    it('shows as drift what its client moves without a permit, by nobody it names, until it is moved back', async () => {
      expect(await drifts('drift.detected')).toEqual([]);
      await client.call('set_registered_model_alias', MODEL, 'champion', '2');
      const found = await until(
        'the drift',
        () => drifts('drift.detected'),
        (all) => all.length > 0,
      );
      expect(found).toMatchObject([
        {
          model: MODEL,
          target: 'alias:champion',
          approved: ['1'],
          observed: ['2'],
          actor: { id: 'unknown' },
        },
      ]);
      await client.call('set_registered_model_alias', MODEL, 'champion', '1');
      const resolved = await until(
        'its end',
        () => drifts('drift.resolved'),
        (all) => all.length > 0,
      );
      expect(resolved).toMatchObject([{ driftId: found[0].driftId, how: 'returned' }]);
    });

    it('leaves a ledger that others can verify', async () => {
      const ledger = await readLedger(ana);
      expect(await verifyLedger(installation, ledger)).toMatchObject({ ok: true });
      const outside = await verifyOverApi(installation, ana, ledger.checkpoint.origin);
      expect(outside.stdout).toContain(`OK ${ledger.checkpoint.size} entries`);
    });
  });
});

function same(left: unknown, right: unknown): boolean {
  try {
    expect(left).toEqual(right);
    return true;
  } catch {
    return false;
  }
}
