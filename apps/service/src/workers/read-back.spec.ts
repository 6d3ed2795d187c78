import { MlflowRest } from '@countersign/ingest';
import type { TenantId } from '@countersign/kernel';
import {
  ReadBackWorker,
  readBackPlanner,
  RegistryQueries,
  registryProjector,
  type ReadBackWorkerOptions,
} from '@countersign/registry';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CARD_FRAUD,
  cardFraudDeliveries,
  createRegistryRig,
  deliver,
  type RegistryRig,
} from '../../../../test/support/registry-rig.js';
import { testVault } from '../../../../test/support/vault.js';
import { startReplayServer, type ReplayServer } from '../../../../test/support/replay.js';
import { MlflowReader } from './read-back.js';

describe('reading back', () => {
  const queries = new RegistryQueries({ vault: testVault() });
  let rig: RegistryRig;
  let replay: ReplayServer;
  beforeAll(async () => {
    rig = await createRegistryRig([registryProjector, readBackPlanner]);
    replay = await startReplayServer({ fixtures: CARD_FRAUD });
  });
  afterAll(async () => {
    await replay.stop();
    await rig.close();
  });

  const workerOf = (options: Partial<ReadBackWorkerOptions> = {}): ReadBackWorker =>
    new ReadBackWorker({
      database: rig.test.database,
      ledger: rig.ledger,
      queries: rig.queries,
      reader: new MlflowReader(
        rig.test.database,
        rig.sources,
        (baseUrl) => new MlflowRest({ baseUrl, timeoutMs: 2_000 }),
      ),
      clock: rig.clock,
      ...options,
    });
  const played = async (until: string, baseUrl?: string): Promise<TenantId> => {
    const { created, tenantId } = await rig.demo(baseUrl);
    const all = cardFraudDeliveries();
    const end = all.findIndex((one) => one.phase === until);
    await deliver(rig, created.source.id, end < 0 ? all : all.slice(0, end));
    await rig.runner.catchUp(tenantId);
    return tenantId;
  };
  const ofType = async (tenantId: TenantId, type: string) =>
    (await rig.entries(tenantId)).filter((entry) => entry.type === type);

  it('records version and run as the registry shows them, bytes and all, and fills the mirror', async () => {
    const tenantId = await played('approved-move', replay.url);
    expect(await workerOf().runOnce(tenantId)).toBe(2);
    await rig.runner.catchUp(tenantId);
    const seen = await ofType(tenantId, 'model_version.observed');
    const second = seen.find((entry) => entry.subject === 'model/card-fraud/version/2');
    expect(second).toMatchObject({
      basis: 'authenticated',
      actor: { id: 'system:countersign' },
      delivery: expect.stringMatching(/^readback:card-fraud\/2@[0-9]+$/),
    });
    expect(Buffer.from(second?.evidence?.bytes ?? [])).toEqual(
      readFileSync(join(CARD_FRAUD, 'snapshot/after-step-5/model-versions-get-2.json')),
    );
    const runs = await ofType(tenantId, 'run.observed');
    expect(runs.map((run) => run.subject).sort()).toEqual([
      'run/80d47fabe9e04122bcc610d8d1a4fc36',
      'run/a18f88cbfff54c62b6300adeb987ea49',
    ]);
    const version = await rig.read(tenantId, (tx) => queries.version(tx, 'card-fraud', '2'));
    expect(version).toMatchObject({
      runId: '80d47fabe9e04122bcc610d8d1a4fc36',
      stage: 'None',
      status: 'READY',
      createdAt: new Date(1795250945629),
    });
  });

  it('keeps names, parameters and tag values of a run out of the hashed payload', async () => {
    const tenantId = await played('first-champion', replay.url);
    await workerOf().runOnce(tenantId);
    const [run] = await ofType(tenantId, 'run.observed');
    const hashed = Buffer.from(run?.payloadCanonical ?? []).toString('utf8');
    for (const secret of ['"ana"', 'xgb-day-1', 'train.py']) expect(hashed).not.toContain(secret);
    expect(run?.payload['data']).toMatchObject({
      userName: 'ana',
      runName: 'xgb-day-1',
      datasetInputs: expect.arrayContaining([
        expect.objectContaining({ name: 'lake.bank.cc_features', context: 'training' }),
      ]),
    });
  });

  it('does not let a reading override what was reported after it began', async () => {
    const tenantId = await played('approved-move', replay.url);
    await workerOf().runOnce(tenantId); // sees champion on version 1
    const { sources } = rig;
    const [source] = await rig.read(tenantId, (tx) => sources.list(tx));
    const moved = cardFraudDeliveries().filter((one) => one.phase === 'approved-move');
    await deliver(rig, source?.id ?? '', moved);
    await rig.runner.catchUp(tenantId);
    const holder = await rig.read(tenantId, (tx) =>
      queries.currentHolder(tx, { model: 'card-fraud', target: 'alias:champion' }),
    );
    const version = await rig.read(tenantId, (tx) => queries.version(tx, 'card-fraud', '2'));
    expect(holder?.versionId).toBe(version?.id);
    expect(holder?.from).toEqual({
      earliest: new Date('2026-11-21T08:49:11.634Z'),
      latest: new Date('2026-11-21T08:49:11.634Z'),
    });
  });

  it('does each job once, however often and by however many workers it is taken', async () => {
    const tenantId = await played('approved-move', replay.url);
    await Promise.all([workerOf().runOnce(tenantId), workerOf().runOnce(tenantId)]);
    await rig.runner.catchUp(tenantId);
    await workerOf().runOnce(tenantId);
    expect(await ofType(tenantId, 'model_version.observed')).toHaveLength(2);
    expect(await ofType(tenantId, 'delivery.conflict')).toHaveLength(0);
  });

  it('takes a job of a worker that died up again, and counts it once', async () => {
    const tenantId = await played('first-champion', replay.url);
    const dead = workerOf({ reader: { open: () => Promise.reject(new Error('killed')) } });
    await expect(dead.runOnce(tenantId)).rejects.toThrow('killed');
    expect(await workerOf().runOnce(tenantId)).toBe(0); // the lease still holds
    rig.clock.set(new Date(rig.clock.now().getTime() + 60_000));
    expect(await workerOf().runOnce(tenantId)).toBe(1);
    expect(await ofType(tenantId, 'model_version.observed')).toHaveLength(1);
  });

  it('tries a registry that is down again, and records it after the last try', async () => {
    const down = await startReplayServer({ fixtures: CARD_FRAUD });
    await down.stop();
    const tenantId = await played('first-champion', down.url);
    const worker = workerOf({ triesMax: 3, backOffMs: 1_000 });
    for (const wait of [0, 1_000, 2_000]) {
      expect(await worker.runOnce(tenantId)).toBe(wait === 0 ? 1 : 0);
      rig.clock.set(new Date(rig.clock.now().getTime() + wait));
      if (wait > 0) expect(await worker.runOnce(tenantId)).toBe(1);
    }
    const [entry] = await ofType(tenantId, 'source.unreachable');
    expect(entry?.payload['data']).toMatchObject({
      operation: 'read back model/card-fraud/version/1',
      detail: expect.stringContaining('UNREACHABLE'),
    });
    await rig.runner.catchUp(tenantId);
    rig.clock.set(new Date(rig.clock.now().getTime() + 3_600_000));
    expect(await worker.runOnce(tenantId)).toBe(0);
  });

  it('reads nothing back for a source without an address', async () => {
    const tenantId = await played('first-champion');
    await workerOf().runOnce(tenantId);
    expect(await ofType(tenantId, 'model_version.observed')).toHaveLength(0);
    expect(await ofType(tenantId, 'source.unreachable')).toHaveLength(0);
  });

  it('plans nothing again that was answered, when the ledger is replayed', async () => {
    const tenantId = await played('approved-move', replay.url);
    await workerOf().runOnce(tenantId);
    await rig.runner.catchUp(tenantId);
    await rig.runner.rebuild(tenantId, 'read-back');
    expect(await workerOf().runOnce(tenantId)).toBe(0);
  });
});
