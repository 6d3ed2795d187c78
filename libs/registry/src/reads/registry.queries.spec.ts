import type { EntryDraft } from '@countersign/events';
import { subjects } from '@countersign/events';
import type { PageRequest, TenantId } from '@countersign/kernel';
import {
  createRegistryRig,
  moment,
  registryEvent,
  type RegistryRig,
} from '../../../../test/support/registry-rig.js';
import { testVault } from '../../../../test/support/vault.js';
import { registryProjector } from '../mirror/registry.projector.js';
import { RegistryQueries } from './registry.queries.js';

const none = { description: null, tags: [] };

describe('RegistryQueries', () => {
  const queries = new RegistryQueries({ vault: testVault() });
  let rig: RegistryRig;
  let tenantId: TenantId;
  beforeAll(async () => {
    rig = await createRegistryRig([registryProjector]);
    ({ tenantId } = await rig.tenant());
    await rig.ledger.append(tenantId, [
      ...['churn', 'Card-Fraud', 'card-limits'].map((name) =>
        registryEvent('registered_model.created', 0, { ...none, name }),
      ),
      ...Array.from({ length: 12 }, (_, n) => created('churn', String(n + 1))),
      created('churn', 'nightly'),
      registryEvent('model_alias.set', 20, { name: 'churn', alias: 'champion', version: '10' }),
      registryEvent('model_alias.set', 21, { name: 'churn', alias: 'champion', version: '11' }),
      stage('10', 'Production', 30),
      stage('11', 'Production', 31),
      stage('10', 'Archived', 40),
    ]);
    await rig.runner.catchUp(tenantId);
  });
  afterAll(() => rig.close());

  const read = <Result>(work: Parameters<RegistryRig['read']>[1]): Promise<Result> =>
    rig.read(tenantId, work) as Promise<Result>;

  it('lists models by part of a name in any case', async () => {
    const page = await rig.read(tenantId, (tx) => queries.models(tx, { name: 'CARD' }, {}));
    expect(page.edges.map(({ node }) => node.name).sort()).toEqual(['Card-Fraud', 'card-limits']);
  });

  it('pages through versions in numeric order, in both directions', async () => {
    const model = await rig.read(tenantId, (tx) => queries.model(tx, 'churn'));
    const walk = async (next: (cursor: string | undefined) => PageRequest): Promise<string[]> => {
      const found: string[] = [];
      for (let cursor: string | undefined, more = true; more;) {
        const request = next(cursor);
        const page = await rig.read(tenantId, (tx) =>
          queries.versions(tx, model?.id ?? '', request),
        );
        const versions = page.edges.map(({ node }) => node.version);
        const backwards = request.last !== undefined;
        found[backwards ? 'unshift' : 'push'](...versions);
        cursor = page.edges.at(backwards ? 0 : -1)?.cursor;
        more = backwards ? page.hasPreviousPage : page.hasNextPage;
      }
      return found;
    };
    const all = [...Array.from({ length: 12 }, (_, n) => String(n + 1)), 'nightly'];
    expect(await walk((after) => ({ first: 5, after }))).toEqual(all);
    expect(await walk((before) => ({ last: 5, before }))).toEqual(all);
  });

  it('answers a stage that several versions held', async () => {
    const at = (seconds: number) =>
      rig.read(tenantId, async (tx) => {
        const held = await queries.placements(tx, {
          model: 'churn',
          target: 'stage:Production',
          at: moment(seconds),
        });
        const versions = await queries.versionsByIds(
          tx,
          held.map((one) => one.versionId),
        );
        return held.map((one) => versions.get(one.versionId)?.version);
      });
    expect(await at(29)).toEqual([]);
    expect(await at(35)).toEqual(['10', '11']);
    expect(await at(50)).toEqual(['11']);
  });

  it('gives a version its stage, aliases, placements and the subjects of its history', async () => {
    const [stageNow, aliases, placements, history] = await rig.read(tenantId, async (tx) => {
      const version = await queries.version(tx, 'churn', '010');
      const id = version?.id ?? '';
      return [
        version?.stage,
        (await queries.aliasesOfVersions(tx, [id])).get(id),
        (await queries.placementsOf(tx, [id]))
          .get(id)
          ?.map(({ target, to }) => [target, to === null]),
        await queries.historySubjects(tx, id),
      ] as const;
    });
    expect(stageNow).toBe('Archived');
    expect(aliases).toEqual([]);
    expect(placements).toEqual([
      ['alias:champion', false],
      ['stage:Production', false],
      ['stage:Archived', true],
    ]);
    expect(history).toEqual([
      subjects.modelVersion('churn', '10'),
      subjects.alias('churn', 'champion'),
    ]);
  });

  it('knows nothing of another tenant', async () => {
    const mine = await rig.read(tenantId, (tx) => queries.version(tx, 'churn', '1'));
    const { tenantId: other } = await rig.tenant();
    const seen = await rig.read(other, async (tx) => [
      await queries.model(tx, 'churn'),
      await queries.versionById(tx, mine?.id ?? ''),
      (await queries.modelsByIds(tx, [mine?.modelId ?? ''])).size,
      (await queries.placementsOf(tx, [mine?.id ?? ''])).get(mine?.id ?? ''),
    ]);
    expect(seen).toEqual([null, null, 0, []]);
  });

  it.each(['champion', 'alias:', 'tag:x', 'Stage:Production', ''])(
    'refuses the target %j',
    async (target) => {
      await expect(
        read((tx) => queries.placements(tx, { model: 'churn', target })),
      ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    },
  );
});

function created(name: string, version: string): EntryDraft {
  return registryEvent('model_version.created', 1, {
    ...none,
    name,
    version,
    sourceUri: null,
    runId: null,
  });
}

function stage(version: string, to: string, at: number): EntryDraft {
  return registryEvent('model_version.stage_transitioned', at, {
    name: 'churn',
    version,
    from: null,
    to,
    cause: 'direct',
  });
}
