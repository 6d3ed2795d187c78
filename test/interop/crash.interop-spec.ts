import { Cleanup } from './support/cleanup.js';
import { Installation } from './support/installation.js';
import { readLedger, verifyLedger, type Ledger } from './support/ledger.js';
import { lossesOf } from './support/losses.js';
import { verifyOverApi } from './support/python-verifier.js';
import { WebhookLoad } from './support/webhook-load.js';

const DELIVERIES = 3_000;
const SENDERS = 32;

describe('service and database killed while webhooks arrive', () => {
  const cleanup = new Cleanup();
  let installation: Installation;
  let load: WebhookLoad;
  let ledger: Ledger;

  beforeAll(async () => {
    installation = cleanup.add(await Installation.create('crash'), (it) => it.close());
    await installation.start();
    const { createSource } = await installation
      .person('tara@acme')
      .ask(
        `mutation { createSource(input: { kind: MLFLOW, name: "load" }) { secret source { webhookUrl } } }`,
      );
    const { webhookUrl } = createSource.source;
    const door = { webhookUrl, secret: createSource.secret };
    load = cleanup.add(new WebhookLoad(door, DELIVERIES), (it) => {
      it.giveUp();
    });

    const done = load.run(SENDERS);
    await Promise.all([done, crashes()]);
    ledger = await readLedger(installation.person('ana@acme'));
  });
  afterAll(() => cleanup.run());

  /** Each in the middle of the load: the next begins when more was acknowledged after the one before. */
  async function crashes(): Promise<void> {
    await load.reached(DELIVERIES * 0.2);
    await installation.kill();
    await installation.start();
    await load.reached(DELIVERIES * 0.45);
    await installation.database.kill();
    await load.refused();
    await installation.database.startAgain();
    await installation.ready();
    await load.reached(DELIVERIES * 0.7);
    await installation.kill();
    await installation.start();
  }

  it('happened in mid-load', () => {
    expect(load.broken).toBeGreaterThan(0);
    expect(load.acknowledged.size).toBe(DELIVERIES);
  });

  it('keeps each delivery exactly once, with its bytes, where it was acknowledged', () => {
    expect(lossesOf(load.deliveries, load.acknowledged, ledger.entries)).toEqual([]);
  });

  it('numbers without a gap, in one chain that the checkpoint covers', async () => {
    const { checkpoint, entries } = ledger;
    expect(entries.map((entry) => Number(entry.sequence))).toEqual([...entries.keys()]);
    expect(await verifyLedger(installation, ledger)).toMatchObject({ ok: true });
    const ana = installation.person('ana@acme');
    const outside = await verifyOverApi(installation, ana, checkpoint.origin);
    expect(outside.stdout).toContain(`OK ${checkpoint.size} entries, root ${checkpoint.rootHash}`);
  });

  it('is found whole by the operator in the database', async () => {
    const { status, stdout } = await installation.cli('verify', '--live', '--tenant', 'acme');
    expect(stdout).toContain(
      `OK: ${ledger.checkpoint.size} entries, root ${ledger.checkpoint.rootHash}`,
    );
    expect(status).toBe(0);
  });

  it('answers a delivery that comes again with its first sequence', async () => {
    for (const sent of load.deliveries.filter((_, index) => index % 100 === 0)) {
      const sequence = load.acknowledged.get(sent.deliveryId);
      expect(await load.send(sent)).toEqual({ sequence, duplicate: true });
    }
  });

  it('projects everything that was recorded', async () => {
    const { registeredModels } = await installation
      .person('ana@acme')
      .ask(
        '{ registeredModels(first: 100) { nodes { name versions(first: 2) { nodes { tags { key } } } } } }',
      );
    const tags = registeredModels.nodes.flatMap(
      (model: { versions: { nodes: { tags: unknown[] }[] } }) =>
        model.versions.nodes.flatMap((version) => version.tags),
    );
    expect(registeredModels.nodes).toHaveLength(20);
    expect(tags).toHaveLength(DELIVERIES);
  });

  describe('the check that found nothing wrong', () => {
    const { deliveries, acknowledged } = {
      deliveries: () => load.deliveries,
      acknowledged: () => load.acknowledged,
    };
    const last = (): Ledger['entries'] => ledger.entries.slice(-10);
    const among = (entries: Ledger['entries']): string[] =>
      lossesOf(deliveries(), acknowledged(), entries);

    it('finds a delivery that is lost', () => {
      expect(among(ledger.entries.slice(0, -1))).toHaveLength(1);
    });

    it('finds a delivery that is there twice', () => {
      expect(among([...ledger.entries, ...last().slice(-1)])).toHaveLength(1);
    });

    it('finds an acknowledgement that names another entry', () => {
      const moved = last().map((entry) => ({
        ...entry,
        sequence: String(Number(entry.sequence) + 1),
      }));
      expect(among([...ledger.entries.slice(0, -10), ...moved])).toHaveLength(10);
    });

    it('finds bytes that are not those that were sent', () => {
      const edited = last().map((entry) => ({ ...entry, evidence: null }));
      expect(among([...ledger.entries.slice(0, -10), ...edited])).toHaveLength(10);
    });
  });
});
